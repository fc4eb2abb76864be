# SPDX-License-Identifier: GPL-2.0
#
# Judges the facts of facts.awk (by=scan) and then of facts.cocci (by=Coccinelle):
# one place a line, as file, line, function, kind, old, new, reason, by. A place
# that Coccinelle did not see stands where it could not parse: the scan's facts hold.
# -v core=REGEX: files of a kernel tree that are no driver's. -v tree=FOLDER: the tree,
# of whose places those named in the file tests/port-check/checked stay.

BEGIN { FS = OFS = "\t" }

by == "checked" && !/^#/ {
	split($0, word, " ")
	checked[tree "/" word[1], word[2]] = substr($0, length(word[1] " " word[2] " ") + 1)
}

$1 != "FACT" { next }

{
	file = $2; n = $3; fn = $4; tag = $5; name = $6
	folder = file
	sub(/[^\/]*$/, "", folder)
	here = by SUBSEP file SUBSEP fn
	fact[here, tag, name] = 1
	fact[here, tag] = 1
	if (tag ~ /^(owner|notifier|asks|vm_ops)$/)
		fact[file, tag] = 1
	if (tag == "include")
		includes[file] = includes[file] " " folder name
	if (tag == "param" || tag == "handler")
		fact[file, fn, tag, name] = 1
	if (tag == "call")
		called(here, n, name)
	if (tag == "use" && n > last_use[here, name])
		last_use[here, name] = n
	if (tag == "take")
		takes[here] = takes[here] " " name
	if (tag == "taken")
		fact[by, file, "taken"] = 1
	# a field that keeps the flags is read in other functions
	if (tag == "longterm" && sub(/.*(->|\.)[ \t]*/, "", name))
		fact[by, file, "longterm", name] = 1
	key = file SUBSEP n SUBSEP $6
	if (tag !~ /^(call|pgoff|ops|file|flag)$/)
		next
	if (!(key in fact_of))
		place[places++] = key
	fact_of[key] = $0
	by_of[key] = by
}

function called(here, n, name)
{
	if (name ~ /^(find_|vma_lookup|lock_vma_under_rcu)/) {
		fact[here, "lookup"] = 1
		fact[by, file, "lookup"] = 1
	}
	if (name ~ /^(unpin_user|put_page|put_user|release_pages)/)
		fact[here, "release"] = 1
	if (name ~ /^(follow_pfnmap_end|pte_unmap_unlock|spin_unlock)$/ && n > last_end[here])
		last_end[here] = n
}

# Of the driver: in the file, or in one that includes a header of the folder that it does
function near(tag,    list, i, count)
{
	if (!shared)
		share()
	if (fact[file, tag])
		return 1
	count = split(includes[file], list, " ")
	for (i = 1; i <= count; i++)
		if (fact[list[i], tag])
			return 1
	return 0
}

function share(    f, list, i, count)
{
	shared = 1
	for (f in includes) {
		count = split(includes[f], list, " ")
		for (i = 1; i <= count; i++) {
			if (fact[f, "owner"])
				fact[list[i], "owner"] = 1
			if (fact[f, "notifier"])
				fact[list[i], "notifier"] = 1
			if (fact[f, "asks"])
				fact[list[i], "asks"] = 1
		}
	}
}

# The argument at a position, counted from 1
function argument(s, at,    i, c, depth, out)
{
	out = ""
	for (i = 1; i <= length(s); i++) {
		c = substr(s, i, 1)
		depth += c ~ /[([{]/
		depth -= c ~ /[])}]/
		if (c == "," && !depth) {
			if (!--at)
				return out
			out = ""
		} else {
			out = out c
		}
	}
	return at == 1 ? out : ""
}

# The array of pages that a call of GUP's fills
function pages_of(name, args,    at, s)
{
	at = 4
	if (name ~ /_unlocked$|^get_user_page_fast_only$/)
		at = 3
	else if (name ~ /_remote$/)
		at = argument(args, 1) ~ /current *$|tsk|task/ ? 6 : 5
	else if (name == "get_user_pages" && argument(args, 6) != "")
		at = argument(args, 8) != "" ? 7 : 5	# before 4.9, and 4.6
	s = argument(args, at)
	gsub(/^[ &]+| +$/, "", s)
	gsub(/ *-> */, "->", s)
	gsub(/ *\. */, ".", s)
	return s
}

function verdict(kind_, new_, why_)
{
	kind = kind_
	new = new_
	why = why_
	return 1
}

function frames()
{
	if (name ~ /^struct/)
		return verdict("pin", "struct vma_pin", "a vector of pfns counts nothing")
	if (name ~ /^(put_|vb2_destroy|frame_vector_destroy)/)
		return verdict("pin", "vma_unpin()", "undoes the mappings, too")
	if (name ~ /^(get_|vb2_create|frame_vector_create)/)
		return verdict("pin", "vma_pin_user()", "its pfns are not kept from being reused")
	return verdict("pin", "vma_pin_map_dma_unlocked(), or vma_pin_vmap_unlocked() for the CPU", "owned memory has no pages")
}

# Does the pfn outlive the lock of the page table?
function leaves(    v, list, i, count)
{
	count = split(takes[here], list, " ")
	for (i = 1; i <= count; i++) {
		v = list[i]
		if (v ~ /^\*|->|\./ || last_use[here, v] > last_end[here])
			return 1
	}
	return !last_end[here]
}

function entry()
{
	if (notified())
		return verdict("safe", "", "an MMU notifier takes the mapping back")
	if (near("asks"))
		return verdict("safe", "", "vma_has_owner() is asked, and what has none may go the old way")
	if (name ~ /^follow_p(te|te_pmd|fnmap_start)$/ && !leaves())
		return verdict("safe", "", "the pfn is used under the lock of the page table only")
	return verdict("pin", "vma_pin_user() and vma_pin_map_dma_unlocked(); for an IOMMU or a second stage vma_pin_user_prefix() and vma_pin_get_extents()", \
		"nothing keeps the pfn from being reused")
}

function walk()
{
	if (name == "pgd_offset_k" || args ~ /init_mm/)
		return verdict("safe", "", "the kernel's own page table")
	if (!fact[by, file, "taken"])
		return verdict("safe", "", "takes no pfn out of it")
	return entry()
}

function notified()
{
	return near("notifier")
}

function longterm(    list, word, i, count)
{
	if (args ~ /FOLL_LONGTERM/)
		return 1
	list = args
	gsub(/ *-> */, "->", list)
	count = split(list, word, /[^A-Za-z_0-9>.-]+/)
	for (i = 1; i <= count; i++) {
		if (word[i] != "" && fact[here, "longterm", word[i]])
			return 1
		if (sub(/.*(->|\.)/, "", word[i]) && fact[by, file, "longterm", word[i]])
			return 1
	}
	return 0
}

# Coccinelle knows types, and so that what is kept are pages, by whatever name
function stored(pages)
{
	return by == "scan" ? fact[here, "stored", pages] : fact[here, "stored"]
}

function gup(    pages)
{
	pages = pages_of(name, args)
	if (longterm())
		return verdict("safe", "", "FOLL_LONGTERM; vma_pin_user() takes memory with an owner, too")
	if (notified())
		return verdict("safe", "", "an MMU notifier takes the pages back")
	if (pages == "NULL")
		return verdict("safe", "", "takes no page")
	sub(/[ +].*/, "", pages)
	if (fact[here, "release"] && pages !~ /->|\./ && !stored(pages) && !fact[file, fn, "param", pages])
		return verdict("safe", "", "let go in the same function")
	return verdict("gup", "pin_user_pages_fast() with FOLL_LONGTERM; vma_pin_user(), to take memory with an owner too", \
		"held for long, which FOLL_LONGTERM has to say")
}

function mapped()
{
	if (name ~ /^(vm_insert_pages?|vm_map_pages.*|remap_vmalloc_range.*|vmf_insert_(page|folio).*)$/)
		return verdict("safe", "", "pages that GUP counts")
	# vm_ops of the file's own need an owner of their own
	if (fact[file, "vm_ops"] ? fact[file, "owner"] : near("owner"))
		return verdict("safe", "", "its mappings have an owner")
	if (name ~ /^vmf_insert/)
		return verdict("exporter", ".owner_ops, and vma_owner_fault_enter() around it if the memory can go away", "no lifetime that importers could share")
	if (name ~ /remap_pfn_range|iomap/)
		return verdict("exporter", ".owner_ops; if the memory can go away, vmf_insert_pfn() in a fault handler", "no lifetime that importers could share")
	return verdict("exporter", ".owner_ops, or dma_buf_own_vma() if vm_file is the dma-buf", "no lifetime that importers could share")
}

# What is read of a VMA that was looked up by address is another driver's
function foreign()
{
	if (fact[here, "lookup"])
		return 1
	return fact[by, file, "lookup"] && !fact[file, fn, "handler", ""] && fn !~ /mmap|fault|access|open|close|split/
}

function vma_read()
{
	if (tag == "ops" && fact[by, file, "lookup"] && args !~ /^NULL/)
		return verdict("pin", "vma_pin_user()", "a VMA is compared, and its buffer not counted")
	if (tag == "file" && foreign())
		return verdict("pin", "vma_pin_user()", "the file of a VMA tells nothing of what is mapped")
	if (tag == "pgoff" && foreign() && (fact[here, "lookup"] || fact[here, "within"]))
		return verdict("pin", "vma_pin_user()", "vm_pgoff is its driver's word, and no address")
	if (tag == "flag" && fact[here, "lookup"])
		return verdict("safe", "", "only tells such memory apart; vma_pin_user() takes what has an owner")
	return 0
}

function judged()
{
	if (tag != "call")
		return vma_read()
	if (name ~ /frame_?vec|vaddr_frames/)
		return frames()
	if (name ~ /^(unsafe_)?follow_(pfn|phys|pte|pte_pmd|pfnmap_start)$/)
		return entry()
	if (name ~ /^pgd_offset/)
		return walk()
	if (name ~ /^(pin|get)_user_page/)
		return gup()
	if (name ~ /^(dma_mmap|remap_|io_remap|vm_iomap|vmf_insert|vm_insert|vm_map_pages)/)
		return mapped()
	return 0
}

END {
	for (i = 0; i < places; i++) {
		$0 = fact_of[place[i]]
		by = by_of[place[i]]
		file = $2; n = $3; fn = $4; tag = $5; name = $6; args = $7
		here = by SUBSEP file SUBSEP fn
		if (!judged())
			continue
		if (core && kind != "safe" && file ~ core)
			verdict("safe", "", "memory management itself")
		else if (kind != "safe" && (file, fn) in checked)
			verdict("safe", "", "checked: " checked[file, fn])
		print file, n, fn, kind, name (name ~ / |^vm_[pof]|^VM_/ ? "" : "()"), new, why, by
	}
}
