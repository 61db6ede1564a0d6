"""`funis plan`: from the consultation of a virtual patient to everything that its plan holds."""
