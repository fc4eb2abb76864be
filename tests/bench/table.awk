# SPDX-License-Identifier: GPL-2.0
#
# awk -f table.awk [-v format=text|markdown|json|tests] ROWS FIGURES: the rows, from what
# figures.awk made. Comments at the top of FIGURES say where they come from.

function figure(of,    w, kernel, a, b)
{
	if (of == "-")
		return 1
	if (split(of, w, " / ") == 2) {
		a = figure(w[1])
		b = figure(w[2])
		return a < 0 || b <= 0 ? -1 : a / b
	}
	split(of, w, " ")
	kernel = "ours"
	if (sub(/^base:/, "", w[1]))
		kernel = "base"
	of = kernel " " w[1] " " w[2]
	if (!(of in least))
		return -1
	if (least[of] > 0 && most[of] / least[of] - 1 > spread)
		spread = most[of] / least[of] - 1
	return least[of]
}

function verdict(ratio, bar,    w)
{
	split(bar, w, " ")
	if (w[1] == "plain")
		return "-"
	if (w[1] == "<=" ? ratio <= w[2] : ratio >= w[2])
		return "met"
	return "MISSED"
}

function means_something(needs,    ratio)
{
	if (!match(needs, / [<>]= /))
		return 1
	ratio = figure(substr(needs, 1, RSTART - 1))
	return ratio >= 0 && verdict(ratio, substr(needs, RSTART + 1)) == "met"
}

function grouped(n,    s)
{
	s = sprintf("%d", n)
	while (match(s, /[0-9][0-9][0-9][0-9]($|,)/))
		s = substr(s, 1, RSTART) "," substr(s, RSTART + 1)
	return s
}

function short(ratio)
{
	return sprintf(ratio >= 100 ? "%.0f" : ratio < 0.01 ? "%.6f" : "%.3f", ratio)
}

function quoted(s)
{
	gsub(/["\\]/, "\\\\&", s)
	return "\"" s "\""
}

BEGIN { FS = " [|] "; if (!format) format = "text" }
FNR == 1 { file++ }
/^#/ { if (file == 2) said = said (said ? "; " : "") substr($0, 3); next }
file == 1 && NF { what[++rows] = $1; cost[rows] = $2; against[rows] = $3; bar[rows] = $4; needs[rows] = $5 }
file == 2 {
	split($0, w, " ")
	key = w[1] " " w[2] " " w[3]
	keys[++figures] = key
	least[key] = w[4]
	most[key] = w[5]
	boots[key] = w[6]
}

END {
	for (i = 1; i <= rows; i++) {
		spread = 0
		a[i] = figure(cost[i])
		b[i] = figure(against[i])
		wide[i] = spread
		if (a[i] < 0 || b[i] <= 0) {
			ratio[i] = "-"
			is[i] = "not run"
			continue
		}
		ratio[i] = short(a[i] / b[i])
		is[i] = means_something(needs[i]) ? verdict(a[i] / b[i], bar[i]) : "not shown"
	}
	if (format == "json")
		json()
	else if (format == "tests")
		tests()
	else if (format == "markdown")
		markdown()
	else
		text()
}

function shown(i) { return is[i] != "not run" || format != "markdown" }
function cell(n) { return n < 0 ? "-" : n == int(n) ? grouped(n) : short(n) }
function limit(i) { return bar[i] == "plain" ? "" : bar[i] }

function text(    i)
{
	printf "%-53s %14s %14s %9s %10s %7s %s\n", "", "cost", "against", "ratio", "bar", "spread", ""
	for (i = 1; i <= rows; i++)
		printf "%-53s %14s %14s %9s %10s %6.2f%% %s\n", what[i], cell(a[i]), against[i] == "-" ? "" : cell(b[i]),
			ratio[i], limit(i), 100 * wide[i], is[i]
	print said
}

function markdown(    i)
{
	print "| row | cost | against | ratio | bar | spread | |"
	print "|---|---|---|---|---|---|---|"
	for (i = 1; i <= rows; i++)
		if (shown(i))
			printf "| %s | %s | %s | %s | %s | %.2f %% | %s |\n", what[i], cell(a[i]),
				against[i] == "-" ? "" : cell(b[i]), ratio[i], limit(i), 100 * wide[i],
				is[i] == "MISSED" ? "**missed**" : is[i]
	print ""
	print said "."
}

# A bar that is missed is a failed test, and so is a row that was not run
function judgement(i)
{
	if (is[i] == "not shown")
		return "skip"
	return is[i] == "MISSED" || is[i] == "not run" ? "fail" : "pass"
}

function why(i)
{
	if (is[i] == "not run")
		return is[i]
	return ratio[i] (limit(i) == "" ? "" : ", bar " limit(i)) (is[i] == "not shown" ? ", but not " needs[i] : "")
}

function tests(    i)
{
	for (i = 1; i <= rows; i++)
		printf "%s\tbench/%s\t%s\n", judgement(i), what[i], why(i)
}

function json(    i, w)
{
	print "{\n  \"said\": " quoted(said) ",\n  \"rows\": ["
	for (i = 1; i <= rows; i++)
		printf "    {\"row\": %s, \"cost\": %s, \"against\": %s, \"ratio\": %s, \"bar\": %s, \"spread\": %.5f, \"is\": %s}%s\n",
			quoted(what[i]), a[i] < 0 ? "null" : a[i], b[i] < 0 ? "null" : b[i],
			ratio[i] == "-" ? "null" : sprintf("%.5f", a[i] / b[i]), quoted(limit(i)), wide[i], quoted(is[i]),
			i < rows ? "," : ""
	print "  ],\n  \"measured\": ["
	for (i = 1; i <= figures; i++) {
		split(keys[i], w, " ")
		printf "    {\"kernel\": %s, \"name\": %s, \"size\": %s, \"least\": %s, \"most\": %s, \"boots\": %s}%s\n",
			quoted(w[1]), quoted(w[2]), w[3], least[keys[i]], most[keys[i]], boots[keys[i]],
			i < figures ? "," : ""
	}
	print "  ]\n}"
}
