"""Whether pictures are still of the kind that a model was judged on: numpy in, plain values and documents out."""
