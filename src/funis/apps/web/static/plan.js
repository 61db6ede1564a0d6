// The page Plan.
