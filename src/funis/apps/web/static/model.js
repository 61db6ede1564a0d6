// The page Model.
