# SPDX-License-Identifier: GPL-2.0
#
# Reads a series file, prints its recipe: see recipe() in kit/lib.sh. Variables: kernel,
# file (its name for messages), and all, which keeps what is meant for other kernels.

function bad(why) {
	printf "%s:%d: %s\n    %s\n", file, NR, why, $0 > "/dev/stderr"
	failed = 1
	exit 1
}
!body { if ($0 == "---") body = 1; next }
/^[ \t]*(#|$)/ { next }
{
	# any line may be limited to kernels; what is left of it stands in $0
	wanted = 1
	if (match($0, /^\[[^]]*\][ \t]+/)) {
		list = " " substr($0, 2, index($0, "]") - 2) " "
		wanted = all != "" || index(list, " " kernel " ") > 0
		$0 = substr($0, RLENGTH + 1)
	}
}
/^[@|]( |$)/ {
	if (!insert)
		bad("this line belongs to no insert, delete or replace")
	if (/^\|/ && insert == "delete")
		bad("a delete has no text (| lines)")
	if (/^@/ && text)
		bad("the anchor (@ lines) stands before the text (| lines)")
	if (/^\|/) {
		if (!anchor)
			bad("text to insert, but no anchor (@ line) before it")
		text = 1
	} else {
		anchor = 1
	}
	if (keep && wanted)
		print
	next
}
/^[@|]/ { bad("a blank must follow the " substr($0, 1, 1)) }
{
	if (insert && !(insert == "delete" ? anchor : text))
		bad("the " insert " before this line has no " (insert == "delete" ? "@" : "|") " lines")
	insert = ""
	anchor = text = 0
	keep = wanted
	n = split($0, w, /[ \t]+/)
	if (w[n] == "")
		n--
	if (w[1] == "add" || w[1] == "remove")
		good = n == 2
	else if (w[1] == "gone")
		good = n == 2 || n == 3
	else if (w[1] == "rule")
		good = n == 3 && w[2] ~ /\.cocci$/
	else if (w[1] == "insert")
		good = n == 3 && (w[3] == "after" || w[3] == "before")
	else if (w[1] == "delete" || w[1] == "replace")
		good = n == 2
	else if (w[1] == "build")
		good = n >= 2
	else
		bad("unknown directive (known: add, rule, insert, delete, replace, remove, gone, build)")
	if (!good)
		bad("wrong arguments; CONTRIBUTING.md has the words of a recipe")
	if (w[1] == "insert" || w[1] == "delete" || w[1] == "replace")
		insert = w[1]
	for (i = 2; i <= n; i++)
		if (w[i] ~ /^\// || w[i] ~ /(^|\/)\.\.(\/|$)/)
			bad("paths are relative to the kernel tree")
	if (keep)
		print "D " NR " " $0
}
END {
	if (failed)
		exit 1
	if (!body) {
		print file ": no line --- between the message and the recipe" > "/dev/stderr"
		exit 1
	}
	if (insert && !(insert == "delete" ? anchor : text)) {
		print file ": the last " insert " has no " (insert == "delete" ? "@" : "|") " lines" > "/dev/stderr"
		exit 1
	}
}
