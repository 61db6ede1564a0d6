// The page Home.
