# SPDX-License-Identifier: GPL-2.0
# What the first report in a part of a kernel log says: the line of lockdep that names a
# place, ": file.c:12 what is wrong", and the functions of the first trace, innermost
# first, " in: a < b < c". Lines with a question mark are leftovers of the stack, and
# count only where there are no others, as on UML. A lock is held "at:", no trace. Of locks
# in a circle the chain "#0" is what is done now; the others have been seen before.
{ sub(/[ \t]*\r?$/, ""); sub(/^\[ *[0-9]+\.[0-9]+\]/, "") }
/^ *-> #[0-9]/ { before = !/#0/ }
before || /, at: / { next }
place == "" && !n[0] && !n[1] && match($0, /[^ ]+\.[ch]:[0-9]+ (suspicious|Illegal|RCU) .*/) {
	place = ": " substr($0, RSTART)
}
match($0, /[A-Za-z_][A-Za-z0-9_.]*\+0x[0-9a-f]+\/0x[0-9a-f]+/) {
	name = substr($0, RSTART, RLENGTH)
	sub(/\+.*/, "", name)
	doubt = / \? /
	if (name == last[doubt])
		next
	last[doubt] = name
	if (++n[doubt] <= (doubt ? 30 : 10))
		said[doubt] = said[doubt] (n[doubt] == 1 ? " in: " : " < ") name
	next
}
(n[0] || n[1]) && /<\/TASK>|---\[ end trace|^$/ { exit }
END { print place (n[0] ? said[0] : said[1]) }
