# SPDX-License-Identifier: GPL-2.0
#
# Prints what tests/port-check/run judges by, as facts.cocci does, from the text alone:
# calls by their names, functions by their braces. Knows no types and no macros.
# -v calls=REGEX: the names of calls that count, those of facts.cocci.

# Comments, strings and characters become blanks, so that lines keep their numbers
function stripped(s,    out, c, two)
{
	out = ""
	while (s != "") {
		two = substr(s, 1, 2)
		if (comment) {
			c = index(s, "*/")
			if (!c)
				return out
			comment = 0
			s = substr(s, c + 2)
		} else if (two == "/*") {
			comment = 1
			s = substr(s, 3)
		} else if (two == "//") {
			return out
		} else if (match(s, /^("([^"\\]|\\.)*"|'([^'\\]|\\.)*')/)) {
			s = substr(s, RLENGTH + 1)
			out = out "\"\""
		} else if (match(s, /^[^"'\/]+/)) {
			out = out substr(s, 1, RLENGTH)
			s = substr(s, RLENGTH + 1)
		} else {
			out = out substr(s, 1, 1)
			s = substr(s, 2)
		}
	}
	return out
}

function fact(n, tag, name, detail)
{
	gsub(/[ \t]+/, " ", detail)
	print "FACT\t" file "\t" n "\t" fn "\t" tag "\t" name "\t" detail
}

# What stands between the bracket at the head of s and its partner, on up to 20 lines
function arguments(s, n,    i, c, depth, out, last)
{
	last = n + 20
	out = ""
	depth = 0
	for (;;) {
		for (i = 1; i <= length(s); i++) {
			c = substr(s, i, 1)
			if (c == "(")
				depth++
			else if (c == ")" && --depth == 0)
				return substr(out, 2)
			out = out c
		}
		if (++n > last || n > lines)
			return substr(out, 2)
		s = " " line[n]
	}
}

# Follows braces; a brace in the first column puts right what #ifdef upset
function braces(s, n,    i, c)
{
	if (s ~ /^[}]/)
		depth = 1
	else if (s ~ /^[{]/)
		depth = 0
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		if (c == "{" && ++depth == 1)
			opened(n)
		else if (c == "}" && depth > 0 && --depth == 0)
			head = fn = ""
		else if (!depth && c == ";")
			head = ""
		else if (!depth)
			head = head c
	}
	if (!depth && s !~ /^#/)
		head = head " "
	else if (!depth)
		head = ""
}

# A block at the outermost level: a function, if its head looks so
function opened(n,    words, params)
{
	fn = ""
	if (head ~ /=[ \t]*$/ || !match(head, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/))
		return
	fn = substr(head, RSTART, RLENGTH - 1)
	sub(/[ \t]+$/, "", fn)
	params = substr(head, RSTART + RLENGTH)
	if (params ~ /struct vm_fault/)
		fact(n, "handler", "")
	while (match(params, /struct page[ \t]*\*\**[ \t]*[a-z_A-Z0-9]+/)) {
		words = substr(params, RSTART, RLENGTH)
		sub(/.*[ \t*]/, "", words)
		fact(n, "param", words)
		params = substr(params, RSTART + RLENGTH)
	}
}

function calls_of(s, n,    rest, name, at)
{
	rest = s
	while (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*\(/)) {
		name = substr(rest, RSTART, RLENGTH - 1)
		sub(/[ \t]+$/, "", name)
		at = RSTART + RLENGTH - 1
		if (name ~ calls)
			fact(n, "call", name, arguments(substr(rest, at), n))
		if (name ~ /^p(te|md|ud)_(pfn|page|val)$/)
			fact(n, "taken", name)
		rest = substr(rest, at + 1)
	}
	# the bracket may stand on the next line
	if (match(rest, /[A-Za-z_][A-Za-z_0-9]*[ \t]*$/) && line[n + 1] ~ /^[ \t]*\(/) {
		name = substr(rest, RSTART)
		sub(/[ \t]+$/, "", name)
		if (name ~ calls)
			fact(n, "call", name, arguments(substr(line[n + 1], index(line[n + 1], "(")), n + 1))
	}
}

function left_of(s, re,    v)
{
	if (!match(s, re))
		return ""
	v = substr(s, RSTART, RLENGTH)
	sub(/[ \t]*=.*/, "", v)
	gsub(/^[ \t;{(]+/, "", v)
	sub(/^(const )?(unsigned )?[a-z_0-9]+[ \t]+/, "", v)
	return v
}

function facts_of(s, n,    v, w)
{
	calls_of(s, n)
	if (s ~ /struct frame_vector[ \t]*\*/)
		fact(n, "call", "struct frame_vector")
	if (match(s, /[a-z_A-Z0-9>.-]+[ \t]*\|?=[^=]/)) {
		assigned = substr(s, RSTART, RLENGTH)
		sub(/[ \t]*\|?=.*/, "", assigned)
	}
	if (s ~ /FOLL_LONGTERM/)
		fact(n, "longterm", assigned)
	if (match(s, /(->|\.)[a-z_0-9]+ = [a-z_]+;/)) {
		v = substr(s, RSTART, RLENGTH - 1)
		sub(/.* /, "", v)
		fact(n, "stored", v)
	}
	v = left_of(s, "[*A-Za-z_0-9>.-]+[ \t]*=[^=].*(\\.pfn|->pfn|p(te|md|ud)_(pfn|page|val)[ \t]*\\()")
	if (v != "") {
		fact(n, "take", v)
		vars[v] = 1
	}
	for (w in vars)
		if (w ~ /^[a-z_A-Z0-9]+$/ && s ~ "(^|[^A-Za-z_0-9>.])" w "([^A-Za-z_0-9]|$)")
			fact(n, "use", w)
	if (s ~ /->[ \t]*vm_pgoff/ && s !~ /->[ \t]*vm_pgoff[ \t]*=[^=]/)
		fact(n, "pgoff", "vm_pgoff")
	if (s ~ /-[ \t]*[a-z_A-Z0-9>.-]+->vm_start/)
		fact(n, "within", "")
	if (match(s, /->vm_ops[ \t]*[!=]=[ \t]*/))
		fact(n, "ops", "vm_ops", substr(s, RSTART + RLENGTH))
	if (s ~ /->vm_file(->|[ \t]*[!=]=)|=[^=&|]*->vm_file;|[a-z_]\([^&|]*->vm_file[,)]/ && s !~ /(^|[^a-z_])(if|while) *\([a-z!]*->vm_file\)/)
		fact(n, "file", "vm_file")
	if (s ~ /vm_flags[ \t]*&.*VM_(PFNMAP|IO)/ && s !~ /&[ \t]*~/)
		fact(n, "flag", "VM_PFNMAP")
}

# What holds for the whole file, and its folder
function facts_of_file(s, n)
{
	if (s ~ /\.owner_ops[ \t]*=|struct vma_owner_obj_ops [a-z_0-9]+ =|dma_buf_own_(cached_)?vma[ \t]*\(|vma_owner_fault_enter[ \t]*\(/)
		fact(n, "owner", "")
	if (s ~ /mmu_notifier_(register|get|get_locked|register_locked)[ \t]*\(|mmu_interval_(notifier_insert(_locked)?|read_begin)[ \t]*\(|hmm_range_fault[ \t]*\(/)
		fact(n, "notifier", "")
	if (s ~ /struct vm_operations_struct [a-z_A-Z0-9]+ =/)
		fact(n, "vm_ops", "")
	if (s ~ /vma_has_owner[ \t]*\(/)
		fact(n, "asks", "")
}

function whole_file(    n)
{
	comment = depth = more = 0
	head = fn = assigned = ""
	split("", vars)
	for (n = 1; n <= lines; n++) {
		if (line[n] ~ /^#[ \t]*include[ \t]*"[^\/]*"/) {
			split(line[n], word, "\"")
			fact(n, "include", word[2])
		}
		line[n] = stripped(line[n])
	}
	for (n = 1; n <= lines; n++) {
		was = depth
		if (more || line[n] ~ /^[ \t]*#/) {
			if (!more)
				macro = line[n] ~ /^[ \t]*#[ \t]*define/
			if (macro)
				calls_of(substr(line[n], more ? 1 : index(line[n], "define") + 6), n)
			more = line[n] ~ /\\[ \t]*$/
			continue
		}
		if (depth)
			now = fn
		braces(line[n], n)
		if (was) {
			if (fn == "")
				fn = now
			facts_of(line[n], n)
			facts_of_file(line[n], n)
			if (!depth) {
				fn = ""
				split("", vars)
			}
		} else if (depth || line[n] ~ /[{]/) {
			facts_of(line[n], n)
			facts_of_file(line[n], n)
		}
	}
}

FNR == 1 && file != "" { whole_file() }
FNR == 1 { file = FILENAME; lines = 0 }
{ line[++lines] = $0 }
END { if (file != "") whole_file() }
