"""The doors to `pipeline`: the command line. No science and no arithmetic here."""
