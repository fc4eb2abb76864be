# SPDX-License-Identifier: GPL-2.0
#
# Reads ROW | BEFORE | AFTER, and comments "# before: DATE KERNEL" and "# after: ...",
# prints the table. Variables: names, the lines of tests/table/rows; and lenient, where
# some rows were never recorded.

function word(s)
{
	sub(/^REQBUFS succeeds, /, "", s)
	if (s == "captured, content matches")
		return "captured"
	if (s ~ /^kept while .*, freed after$/)
		return "kept, then freed"
	if (s == "no such driver here")
		return "no driver here"
	if (s ~ /^goes to whoever is at its address/)
		return "overwrites others"
	if (s == "hits the new device")
		return "overwritten"
	if (s == "stopped, back afterwards")
		return "stopped meanwhile"
	return s
}
function longer(s, w) { return length(s) > w ? length(s) : w }
BEGIN {
	while ((getline line < names) > 0) {
		split(line, part, " [|] ")
		name[++n] = part[1]
		row[n] = part[2]
	}
}
/^# / { said[$0 ~ /before:/ ? "before" : "after"] = substr($0, index($0, ":") + 2); next }
{ before[$1] = word($2); after[$1] = word($3) }
END {
	head = "DMA by user address into"
	a = length(head); b = length("before")
	for (i = 1; i <= n; i++) {
		r = row[i]
		if (!(r in before) && lenient)
			continue
		if (!(r in before)) {
			print "table: error: no selftest reports the row: " r > "/dev/stderr"
			bad = 1
		}
		if (before[r] == after[r] && after[r] ~ /^E[A-Z]+$/) {
			if (!(after[r] in refused))
				errno[++errnos] = after[r]
			refused[after[r]] = refused[after[r]] (refused[after[r]] ? ", " : "") name[i]
			continue
		}
		shown[++rows] = i
		a = longer(name[i], a); b = longer(before[r], b)
	}
	format = "%-" a "s | %-" b "s | %s\n"
	line = sprintf("%" (a + b + 25) "s", ""); gsub(/ /, "-", line)
	printf format "%s\n", head, "before", "after", line
	for (j = 1; j <= rows; j++) {
		i = shown[j]
		printf format, name[i], before[row[i]], after[row[i]]
	}
	for (i = 1; i <= errnos; i++)
		legend = legend errno[i] " on both: " refused[errno[i]] ". "
	fold(legend "captured: the frame is in that memory. before: " said["before"] "; after: " said["after"] ".")
	exit bad
}
function fold(s,    w, i, words, line)
{
	words = split(s, w, " ")
	line = w[1]
	for (i = 2; i <= words; i++) {
		if (length(line) + length(w[i]) >= 80) {
			print line
			line = w[i]
		} else {
			line = line " " w[i]
		}
	}
	print line
}
