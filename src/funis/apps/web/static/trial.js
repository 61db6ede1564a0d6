// The page Trial.
