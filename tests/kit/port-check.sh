# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh
# Read by tests/kit/run: what tests/port-check/run says of tests/port-check/samples, whose
# comments name each place ("expect: KIND", "expect: KIND by WHOM"). Each mutant is
# one line of the finder changed, and must be noticed by a sample.

make_finder()
{
	rm -rf "$top/finder"
	mkdir -p "$top/finder/Documentation/mm"
	copy_kit "$top/finder"
	cp -r "$repo/tests/port-check/samples" "$top/finder/"
	cp "$repo/Documentation/mm/vma_owner-porting.rst" "$top/finder/Documentation/mm/"
}

finder()
{
	"$top/finder/tests/port-check/run" "$@" >"$top/said" 2>&1
}

# FILE:LINE: KIND of each place, as the comments of the samples have it
places_due()
{
	(cd "$top/finder/samples" && find . -name '*.c' -exec awk '
	match($0, /expect: [a-z]+/) {
		print substr(FILENAME, 3) ":" FNR ": " substr($0, RSTART + 8, RLENGTH - 8)
	}' {} + | sort)
}

# as_expected [PLAIN]: the samples' places, no other, and by whom they were seen
as_expected()
{
	[ -z "${1:-}" ] || rm -f "$top/finder/samples/types.c"
	places_due >"$top/due"
	PLAIN=${1:-} finder "$top/finder/samples"
	sed -n 's/^\([^ ]*: [a-z]*\): .*/\1/p' "$top/said" | sort >"$top/found"
	diff "$top/due" "$top/found" >"$top/differ" || { cat "$top/differ" >>"$top/said"; return 1; }
	[ -n "${1:-}" ] || seen_by
}

seen_by()
{
	! (cd "$top/finder/samples" && grep -n 'expect: [a-z]* by ' ./*.c) | sed 's,^\./,,' | while IFS=: read -r file line text; do
		by=$(expr "$text" : '.*expect: [a-z]* by \([A-Za-z]*\)')
		grep -q "^$file:$line: .*\[$by\]\$" "$top/said" || echo "$file:$line is not by $by"
	done | tee -a "$top/said" | grep -q 'is not by'
}

# mutant NAME PLAIN SAMPLE FILE SED: of tests/port-check, against one sample
mutant()
{
	make_finder
	find "$top/finder/samples" -type f ! -path "$top/finder/samples/$3*" -exec rm {} +
	name=$1
	shift
	sed "$4" "$top/finder/tests/port-check/$3" >"$top/mutant"
	if cmp -s "$top/mutant" "$top/finder/tests/port-check/$3"; then
		report 1 "finder: $name" "the mutant changes nothing"
		return
	fi
	cp "$top/mutant" "$top/finder/tests/port-check/$3"
	passes "finder: $name is noticed" not_as_expected "$1"
}

not_as_expected()
{
	! as_expected "$1"
}

make_finder
passes "finder: the samples by Coccinelle" as_expected
passes "finder: the samples by the scan alone" as_expected 1
make_finder
fails "finder: something is left" '^18 to convert to a pin, 8 to GUP, 4 exporters to mark, 16 safe' finder "$top/finder/samples"
passes "finder: names place, kind, call and reason" grep -q \
	'^gup\.c:4: gup: pin_user_pages_fast() in kept(): use .*FOLL_LONGTERM.*: held for long.* \[' "$top/said"
passes "finder: nothing is left of what has an owner" finder "$top/finder/samples/owned"
passes "finder: and says why" grep -q '^buffer\.c:11: safe: .*its mappings have an owner' "$top/said"
json()
{
	"$top/finder/tests/port-check/run" --json "$top/finder/samples/$1" >"$top/said" 2>&1
	python3 -c '
import json, sys
places = json.load(open(sys.argv[1]))
keys = ["file", "line", "function", "kind", "old", "new", "reason", "by"]
assert [list(p) for p in places] == [keys] * int(sys.argv[2]), places
' "$top/said" "$2" >>"$top/said" 2>&1
}
passes "finder: JSON" json owned 1
mkdir "$top/finder/samples/none"
cp "$top/finder/samples/clean.c" "$top/finder/samples/none/"
passes "finder: JSON of nothing" json none 0
wrong()
{
	finder "$@"
	[ $? = 2 ] || return 0
	return 1
}
fails "finder: a folder that is not there" 'is no folder' wrong "$top/nowhere"
fails "finder: a folder without C" 'no C file' wrong "$top/finder/Documentation"
fails "finder: no folder" '^usage: make port-check' wrong
core()
{
	mkdir -p "$top/finder/samples/include/linux" "$top/finder/samples/mm"
	: >"$top/finder/samples/include/linux/mm_types.h"
	mv "$top/finder/samples/walks.c" "$top/finder/samples/mm/"
	finder "$top/finder/samples/mm"
}
passes "finder: a kernel's own mm/" core
passes "finder: is no driver's" grep -q 'walks.c:4: safe: .*memory management itself' "$top/said"
make_finder
mkdir "$top/finder/samples/vmas"
mv "$top/finder/samples/vmas.c" "$top/finder/samples/vmas/"
fails "finder: a place that is on no list" '^vmas.c:23: pin' finder "$top/finder/samples/vmas"
sed -i 's,^drivers/xen/gntdev.c .*,samples/vmas/vmas.c is_mine it is a test,' "$top/finder/tests/port-check/checked"
mkdir -p "$top/finder/include/linux"
: >"$top/finder/include/linux/mm_types.h"
fails "finder: a place that was checked" '^vmas.c:23: safe: .*checked: it is a test' finder "$top/finder/samples/vmas"
make_finder
passes "finder: the header for kernels without the API" finder --compat
passes "finder: is the guide's" grep -q '^static inline int vma_pin_user(struct vma_pin \*pin, unsigned long start,$' "$top/said"
judged()
{
	cp -r "$repo/tests/port-check/judge" "$top/finder/"
	mkdir -p "$top/finder/tests/port-check"
	mv "$top/finder/judge" "$top/finder/tests/port-check/"
	printf 'exporter.c:%s\n' '4 exporter' '10 safe' '15 pin' '99 exporter' >"$top/finder/tests/port-check/list"
	PLAIN=1 "$top/finder/tests/port-check/judge" list "$top/finder/samples" >"$top/said" 2>&1
}
passes "finder: a list of verdicts" judged
passes "finder: what is missed, wrong and right" [ "$(sort "$top/said" | tr '\n' ';')" = "$(printf '%s;' \
	'all: 3 to find, 3 said, 1 right: precision 33 %, recall 33 %' \
	'exporter: 2 to find, 3 said, 1 right: precision 33 %, recall 50 %' \
	'missed: exporter.c:15 pin, said to be exporter' 'missed: exporter.c:99 exporter' \
	'pin: 1 to find, 0 said, 0 right: precision 100 %, recall 0 %' \
	'wrong: exporter.c:10 exporter, is safe' 'wrong: exporter.c:15 exporter, is pin')" ]
# Coccinelle that dies says nothing of a file, and the scan's word holds
make_finder
no_spatch()
{
	fake spatch <<-'END'
	exit 1
	END
	PATH=$top/bin:$PATH finder "$top/finder/samples/owned"
	code=$?
	rm "$top/bin/spatch"
	return $code
}
passes "finder: where Coccinelle fails" no_spatch
passes "finder: the scan is told of" grep -q '^buffer.c:11: .*\[scan\]' "$top/said"

mutant "a call that is not known" 1 frames facts.cocci 's/frame_vector_\[a-z_\]+|//'
mutant "follow_pfn not known" '' entries facts.cocci 's/|(unsafe_)?follow_pfn//'
mutant "comments read" 1 clean facts.awk 's,two == "/\*",two == "**",'
mutant "strings read" 1 frames facts.awk 's/if (match(s, .^("(/if (0 \&\& match(s, \/^("(/'
mutant "declarations taken for calls" 1 frames facts.awk 's/} else if (depth || .*/} else {/'
mutant "macros not read" 1 unparsed facts.awk 's/if (macro)$/if (0)/'
mutant "a frame vector in a struct not seen" '' frames facts.cocci 's/struct frame_vector/struct vector/'
mutant "a pfn in a pointer not seen" 1 entries judge.awk 's/v ~ .^\\\*|->|\\\.. || //'
mutant "a pfn used after the lock not seen" 1 entries judge.awk 's/ || last_use.*)/)/'
mutant "each entry taken for a leak" '' entries judge.awk 's/&& !leaves()/\&\& 0/'
mutant "Coccinelle sees no pfn taken" '' entries facts.cocci 's/"take", v/"taken", v/'
mutant "the kernel's table taken for a user's" 1 walks judge.awk 's/name == "pgd_offset_k" || args ~ .init_mm./0/'
mutant "a walk that takes no pfn" 1 level judge.awk 's/if (!fact\[by, file, "taken"\])/if (0)/'
mutant "vm_pgoff believed" 1 vmas judge.awk 's/tag == "pgoff"/tag == "none"/'
mutant "Coccinelle believes vm_pgoff, and the helper's" '' vmas facts.cocci 's/"within"/"without"/'
mutant "a fault handler taken for an importer" 1 vmas judge.awk 's/ && !fact\[file, fn, "handler", ""\] && .*$//'
mutant "vm_ops not compared" 1 vmas judge.awk 's/tag == "ops"/tag == "none"/'
mutant "the name of a dentry trusted" 1 vmas judge.awk 's/tag == "file"/tag == "none"/'
mutant "VM_PFNMAP not seen" '' vmas facts.cocci 's/"flag"/"none"/'
mutant "FOLL_LONGTERM of a call not seen" 1 gup judge.awk 's/if (args ~ .FOLL_LONGTERM.)/if (0)/'
mutant "FOLL_LONGTERM of a variable not seen" '' gup facts.cocci 's/"longterm", v/"longterm", 0/'
mutant "one FOLL_LONGTERM for a whole function" 1 gup judge.awk 's/fact\[here, "longterm", word\[i\]\]/fact[here, "longterm"]/'
mutant "FOLL_LONGTERM of a field not seen" 1 gup judge.awk 's/fact\[by, file, "longterm", word\[i\]\]/0/'
mutant "pages of a moment not seen" 1 gup judge.awk 's/fact\[here, "release"\] &&/0 \&\&/'
mutant "pages that are kept not seen" 1 gup judge.awk 's/ && !stored(pages)//'
mutant "pages that are kept by another name not seen" '' types facts.cocci 's/"stored"/"none"/'
mutant "pages of a field not seen" '' gup judge.awk 's/^	gsub(. \*-> \*.*s)$//'
mutant "pages of the caller not seen" 1 gup judge.awk 's/ && !fact\[file, fn, "param", pages\]//'
mutant "notifiers not seen" 1 notified judge.awk 's/return near("notifier")/return 0/'
mutant "the question for an owner not seen" 1 asked judge.awk 's/near("asks")/0/'
mutant "a neighbour's notifier taken for one's own" 1 notified judge.awk 's/fact\[file, tag\] = 1/fact[folder, tag] = 1/; s/if (fact\[file, tag\])/if (fact[substr(file, 1, match(file, "[^\/]*$") - 1), tag])/'
mutant "exporters not seen" 1 exporter judge.awk 's/verdict("exporter"/verdict("safe"/'
mutant "owners not seen" 1 owned judge.awk 's/if (fact.file, "vm_ops".*/if (0)/'
mutant "another file's owner taken for that of one's own vm_ops" 1 half judge.awk 's/fact.file, "vm_ops". ? fact.file, "owner". : //'
mutant "counted pages taken for raw ones" 1 exporter judge.awk 's/vm_insert_pages?|//'
mutant "Coccinelle not believed" '' unparsed judge.awk 's/^	by_of\[key\] = by$/	by_of[key] = "scan"/'
