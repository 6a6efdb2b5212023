"""The command `monitor`: whether production's pictures are still those that a registered model was judged on."""
