# SPDX-License-Identifier: GPL-2.0
#
# awk -f plot.awk FIGURES: an SVG of what it costs against the size, both logarithmic.

function log2(x) { return log(x) / log(2) }
function log10(x) { return log(x) / log(10) }
function x_of(size) { return left + (log2(size) - 12) / 18 * width }
function y_of(cost) { return top + (1 - (log10(cost) - low) / (high - low)) * height }

function series(name, colour, dash, words)
{
	names[++nr] = name
	colours[nr] = colour
	dashes[nr] = dash
	legend[nr] = words
}

function size_of(e)
{
	return e < 20 ? 2 ^ (e - 10) " KiB" : e < 30 ? 2 ^ (e - 20) " MiB" : 2 ^ (e - 30) " GiB"
}

BEGIN {
	left = 70; top = 40; width = 560; height = 400
	low = 2.5; high = 8.5
	# what is beside each other has one colour, and what it is compared with is dashed
	series("follow-pfnmap", "#c02020", "6 4", "owned memory: a follow_pfnmap loop")
	series("pin-owned", "#c02020", "", "owned memory: pin and unpin")
	series("gup-map", "#2050c0", "6 4", "ordinary memory: GUP, table and map")
	series("map-ordinary", "#2050c0", "", "ordinary memory: pin and map")
	series("fd-heap", "#208040", "6 4", "dma-buf of the heap: by fd, mapped")
	series("map-heap", "#208040", "", "dma-buf of the heap: by address, mapped")
	series("map-owned", "#907010", "", "owned memory: pin and map")
}

/^#/ { said = said (said ? "; " : "") substr($0, 3); next }
$1 == "ours" { cost[$2, $3] = $4 }

END {
	print "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"1000\" height=\"510\" font-family=\"sans-serif\" font-size=\"12\">"
	print "<rect width=\"1000\" height=\"510\" fill=\"white\"/>"
	printf "<text x=\"%d\" y=\"22\" font-size=\"15\">Instructions of the guest, done and undone, against the size</text>\n", left
	for (e = 12; e <= 30; e += 2) {
		x = x_of(2 ^ e)
		printf "<path d=\"M%.1f %dv%d\" stroke=\"#ddd\"/>\n", x, top, height
		printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x, top + height + 18, size_of(e)
	}
	for (e = 3; e <= 8; e++) {
		y = y_of(10 ^ e)
		printf "<path d=\"M%d %.1fh%d\" stroke=\"#ddd\"/>\n", left, y, width
		printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">10<tspan dy=\"-5\" font-size=\"9\">%d</tspan></text>\n",
			left - 8, y + 4, e
	}
	printf "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"none\" stroke=\"#444\"/>\n", left, top, width, height
	for (i = 1; i <= nr; i++) {
		path = ""
		for (e = 12; e <= 30; e++)
			if ((names[i], 2 ^ e) in cost)
				path = path sprintf("%s%.1f %.1f", path == "" ? "M" : "L", x_of(2 ^ e), y_of(cost[names[i], 2 ^ e]))
		if (path == "")
			continue
		style = "fill=\"none\" stroke-width=\"2\" stroke=\"" colours[i] "\""
		if (dashes[i] != "")
			style = style " stroke-dasharray=\"" dashes[i] "\""
		printf "<path d=\"%s\" %s/>\n", path, style
		y = top + 20 * i
		printf "<path d=\"M%d %dh30\" %s/>\n", left + width + 20, y, style
		printf "<text x=\"%d\" y=\"%d\">%s</text>\n", left + width + 58, y + 4, legend[i]
	}
	printf "<text x=\"%d\" y=\"495\" fill=\"#666\">%s</text>\n</svg>\n", left, said
}
