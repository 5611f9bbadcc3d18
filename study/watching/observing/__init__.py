"""What hooks see of a loop: layers, gradients, updates, clipping, what outputs should be."""
