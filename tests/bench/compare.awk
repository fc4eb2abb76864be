# SPDX-License-Identifier: GPL-2.0
#
# awk -v limit=PERCENT -f compare.awk COMMITTED FIGURES: the results of tests/bench/run short.
# What takes more than LIMIT per cent above the committed figures has failed. What takes
# less by as much is said: then the figures are to be recorded anew.
BEGIN { OFS = "\t" }
FNR == 1 { file++ }
/^#/ { next }
{ key = $1 " " $2 " " $3 }
file == 1 { was[key] = $4; next }
# times, not instructions
$2 ~ /^parallel-/ || !(key in was) { next }
{
	change = was[key] ? ($4 / was[key] - 1) * 100 : $4 ? 100 : 0
	print ($4 > was[key] * (1 + limit / 100) ? "fail" : "pass"), "bench/no dearer: " $2 " " $3,
		sprintf("%s, was %s (%+.2f %%)", $4, was[key], change)
	if (change < -limit)
		printf "cheaper than recorded: %s %s: %s, was %s (%+.2f %%)\n", $2, $3, $4, was[key], change > "/dev/stderr"
	n++
}

END {
	if (!n)
		print "fail", "bench/compared", "nothing that was measured is in the committed figures"
}
