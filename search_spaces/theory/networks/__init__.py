"""What theory expects of each kind of network; `THEORIES` in `predict` names them."""
