// The page Runs.
