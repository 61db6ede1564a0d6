// The page Evidence.
