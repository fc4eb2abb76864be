# SPDX-License-Identifier: GPL-2.0
#
# Reads KTAP, prints "pass|fail|skip<tab>NAME<tab>WHY" for each test that has no
# subtests (NAME is prefix/parent/.../test), and last for the plan as a whole.
# The level of a line is its indentation. Variables: prefix, and expected, a file
# that lists the tests that have to fail or be skipped (their own names).

BEGIN {
	while ((getline line < expected) > 0)
		must_fail[line] = 1
}

function complain(what)
{
	if (faults++ == 0)
		first = what
}

# The levels deeper than this one are over.
function close_deeper(level, owner,    l)
{
	for (l in open) {
		if (l + 0 <= level)
			continue
		if (l in plan) {
			if (done[l] + 0 != plan[l])
				complain((owner == "" ? "subtests" : owner) ": " done[l] + 0 " of " plan[l] " results")
		} else if (l <= 4) {
			complain((owner == "" ? "subtests" : owner) ": results, but no plan")
		}
		delete open[l]
		delete plan[l]
		delete done[l]
	}
}

{
	match($0, /^ */)
	level = RLENGTH
	text = substr($0, level + 1)
}

text ~ /^Bail out!/ { complain(text); next }

text ~ /^1\.\.[0-9]+/ {
	close_deeper(level, "")
	if (level in plan)
		complain("a second plan: " text)
	split(text, w, /[. ]+/)
	plan[level] = w[2] + 0
	open[level] = 1
	if (level == 0)
		planned = plan[0]
	next
}

text ~ /^(not )?ok [0-9]+/ {
	good = text !~ /^not /
	sub(/^(not )?ok /, "", text)
	number = text + 0
	sub(/^[0-9]+ ?(- )?/, "", text)
	why = ""
	if ((i = index(text, "# ")) > 0) {
		why = substr(text, i + 2)
		text = substr(text, 1, i - 1)
	}
	sub(/ +$/, "", text)
	skip = good && why ~ /^[Ss][Kk][Ii][Pp]/

	close_deeper(level, text)
	open[level] = 1
	if (++done[level] != number)
		complain(text ": number " number " where " done[level] " was due")

	children = 0
	bad_child = 0
	for (i = claimed[level] + 1; i <= n; i++) {
		children++
		if (status[i] == "fail")
			bad_child = 1
		test[i] = text "/" test[i]
	}
	if (!children || (!good && !bad_child)) {
		n++
		test[n] = text
		status[n] = skip ? "skip" : good ? "pass" : "fail"
		reason[n] = why
	} else if (good && bad_child) {
		complain(text ": ok, though a subtest is not")
	}
	for (l in claimed)
		if (l + 0 >= level)
			delete claimed[l]
	for (l = level; l <= 64; l++)
		claimed[l] = n
	next
}

END {
	close_deeper(-1, "the whole")
	for (i = 1; i <= n; i++) {
		short = test[i]
		sub(/^.*\//, "", short)
		if (short in must_fail) {
			must_fail[short] = 2
			if (status[i] == "fail") {
				status[i] = "pass"
				test[i] = test[i] " (fails, as it must)"
			} else if (status[i] == "pass") {
				reason[i] = "listed as failing here, but it passes"
				status[i] = "fail"
			}
		}
		printf "%s\t%s/%s\t%s\n", status[i], prefix, test[i], reason[i]
	}
	for (t in must_fail)
		if (must_fail[t] == 1)
			printf "fail\t%s/%s\tlisted as failing here, but it did not run\n", prefix, t
	if (planned == 0)
		complain("no plan at the top, or an empty one")
	if (faults)
		printf "fail\t%s/complete plan\t%s%s\n", prefix, first, (faults > 1 ? " (and " faults - 1 " more)" : "")
	else
		printf "pass\t%s/complete plan\t\n", prefix
}
