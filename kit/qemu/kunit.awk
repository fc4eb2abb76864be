# SPDX-License-Identifier: GPL-2.0
#
# Reads a kernel log, prints what KUnit's cases say beside their result, with tabs: "pass",
# the case and what it measured; or "fail", the case, and what it expected first, and where.

{ sub(/^\[[ 0-9.]*\] ?/, "") }

/^ *# [a-z0-9_]+: measured: / {
	name = $2
	sub(/:$/, "", name)
	sub(/^.*: measured: /, "")
	print "pass\t" name "\t" $0
}

function told()
{
	if (failed != "" && !known[failed]++)
		print "fail\t" failed "\t" text
	failed = ""
}

/^ *# [a-z0-9_]+: (EXPECTATION|ASSERTION) FAILED at / {
	told()
	failed = $2
	sub(/:$/, "", failed)
	text = $NF ":"
	lines = 0
	next
}
# the words after it are indented further, and few
failed != "" {
	if ($0 !~ /^ +[^ #]/ || $0 ~ /^ *(not )?ok / || ++lines > 6)
		told()
	else {
		gsub(/[ \t]+/, " ")
		text = text $0
	}
}
END { told() }
