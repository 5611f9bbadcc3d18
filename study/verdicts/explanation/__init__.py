"""One sentence a trial: what happened, where, and against which threshold."""
