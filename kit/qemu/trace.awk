# SPDX-License-Identifier: GPL-2.0
# The functions that the first trace in a part of a kernel log names, innermost first:
# "in: a < b < c". Lines with a question mark are leftovers of the stack.
/ \? / { next }
{ sub(/\r$/, "") }
match($0, /[A-Za-z_][A-Za-z0-9_.]*\+0x[0-9a-f]+\/0x[0-9a-f]+/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/\+.*/, "", name)
	if (name == last)
		next
	said = said (said == "" ? " in: " : " < ") name
	last = name
	if (++n == 10)
		exit
	next
}
n && /<\/TASK>|---\[ end trace/ { exit }
END { print said }
