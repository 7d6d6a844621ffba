# SPDX-License-Identifier: Apache-2.0
"""A chart of a run's figures: bars, one group a measurement, as SVG that is light or dark as its reader is."""
from html import escape

COLOURS = {"direct": "#8a8f98", "relay": "#4c78a8", "haproxy": "#e0823d", "latch-allowed": "#3a9b6b",
           "latch-host": "#7cc6a0"}
STYLE = """text{font:12px system-ui,sans-serif;fill:#24292f}.t{font-weight:600}.g{stroke:#d0d7de}
@media(prefers-color-scheme:dark){text{fill:#d1d7e0}.g{stroke:#3d444d}svg{background:#0d1117}}"""
WIDTH, LABEL, BAR, GAP = 760, 120, 16, 4


def groups_of(results):
    """(title, unit, {contender: value}) of what is worth a bar."""
    for part, of in ("requests", ""), ("dockerd", ", dockerd"):
        for connections, figures in results.get(part, {}).items():
            yield (f"GET /_ping, keep-alive, {connections} connection{'s' if str(connections) != '1' else ''}{of}",
                   "requests/s", {name: found["per_second"] for name, found in figures.items()})
    for direction, figures in results.get("streams", {}).items():
        yield f"1 GiB {direction}", "MiB/s", {name: found["mib_per_second"] for name, found in figures.items()}
    if results.get("idle"):
        yield ("idle connections", "MiB of memory",
               {name: found["memory"] / (1 << 20) for name, found in results["idle"].items()})


def draw(results, caption):
    out, y = [], 24
    for title, unit, values in groups_of(results):
        most = max(values.values())
        out.append(f'<text class="t" x="8" y="{y}">{escape(title)}, {unit}</text>')
        y += 10
        for name, value in values.items():
            width = (WIDTH - LABEL - 90) * value / most
            out.append(f'<text x="{LABEL - 6}" y="{y + 12}" text-anchor="end">{escape(name)}</text>'
                       f'<rect x="{LABEL}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[name]}"/>'
                       f'<text x="{LABEL + width + 6:.1f}" y="{y + 12}">{value:,.0f}</text>')
            y += BAR + GAP
        out.append(f'<line class="g" x1="{LABEL}" x2="{LABEL}" y1="{y - len(values) * (BAR + GAP)}" y2="{y}"/>')
        y += 26
    out.append(f'<text x="8" y="{y}">{escape(caption)}</text>')
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 12}" role="img" '
            f'aria-label="{escape(caption)}"><style>{STYLE}</style>\n' + "\n".join(out) + "\n</svg>\n")
