"""What clipping does to the norm of the gradient."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.frame import new_figure
from analysis.figures.group_lines import add_key, add_line, group_colors, set_log_range
from analysis.figures.palette import LIGHT, Theme
from analysis.figures.step_axis import step_axis


def clipped_norms(norms: pd.DataFrame, *, theme: Theme = LIGHT) -> go.Figure:
    """Draws the median norm by step, dashed before clipping and solid after it.

    Args:
        norms: What `analysis.clipping_effect` returned.
        theme: Colours.
    """
    figure = new_figure(theme, height=320)
    colors = group_colors(norms["value"])
    for value, rows in norms.groupby("value", sort=False):
        name = "no clipping" if value == "none" else f"at most {value}"
        color = colors[str(value)]
        add_line(figure, rows["step"] + 1, rows["after"], name=name, color=color, legend=True)
        if value != "none":
            add_line(
                figure,
                rows["step"] + 1,
                rows["before"],
                name=f"{name}, before clipping",
                color=color,
                dash="dash",
            )
    add_key(figure, {"before clipping": "dash"}, theme)
    figure.update_xaxes(step_axis(max(1, int(norms["step"].max()) if len(norms) else 1)))
    set_log_range(figure, [*norms["before"], *norms["after"]], "norm of the gradient")
    return figure
