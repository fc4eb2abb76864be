// SPDX-License-Identifier: GPL-2.0
/// Prints what tests/port-check/run judges by, a fact in a line: file, line, function,
/// tag, name, detail. tests/port-check/facts.awk prints the same of what does not parse.
/// Nothing here looks at paths through a function: that would take minutes.

@initialize:python@
@@
def fact(p, tag, name, detail = ""):
    flat = lambda s: " ".join(str(s).split())
    function = p[0].current_element
    if function == "something_else":
        function = ""
    print("\t".join(["FACT", p[0].file, p[0].line, function, tag, flat(name), flat(detail)]))

// Calls that are places, or that tell about the places of their function
@call@
identifier f =~ "^(get_vaddr_frames|put_vaddr_frames|frame_vector_[a-z_]+|vb2_(create|destroy)_framevec|(unsafe_)?follow_pfn|follow_phys|follow_pte(_pmd)?|follow_pfnmap_(start|end)|pte_unmap_unlock|spin_unlock|pgd_offset(_k|_pgd)?|pgd_offset_gate|find_vma(_prev|_intersection)?|find_exact_vma|find_extend_vma(_locked)?|vma_lookup|lock_vma_under_rcu|(pin|get)_user_pages(_fast|_fast_only|_unlocked|_locked|_remote)?|get_user_page_(fast_only|vma_remote)|unpin_user_(page|pages|pages_dirty_lock|folio|folios)|(put|release)_pages?|put_user_page(s|s_dirty_lock)?|dma_mmap_(attrs|coherent|wc|writecombine|pages|noncontiguous|noncoherent)|(io_)?remap_pfn_range|vm_iomap_memory|vmf_insert_[a-z_]+|vm_insert_(page|pages|pfn|pfn_prot|mixed)|vm_map_pages(_zero)?|remap_vmalloc_range(_partial)?)$";
position p;
expression list es;
@@
f@p(es)

@script:python@
p << call.p;
f << call.f;
es << call.es;
@@
fact(p, "call", f, es)

// A variable or field for the vector of frames
@infield@
identifier s, x;
position p;
@@
struct s {
	...
	struct frame_vector *x@p;
	...
};

@script:python@
p << infield.p;
@@
fact(p, "call", "struct frame_vector")

@inlocal@
identifier x;
position p;
@@
(
struct frame_vector *x@p;
|
struct frame_vector *x@p = ...;
)

@script:python@
p << inlocal.p;
@@
fact(p, "call", "struct frame_vector")

// Flags that say that the pages are held for long
@longterm@
symbol FOLL_LONGTERM;
expression v;
position p;
@@
(
v =@p <+... FOLL_LONGTERM ...+>
|
v |=@p <+... FOLL_LONGTERM ...+>
)

@script:python@
p << longterm.p;
v << longterm.v;
@@
fact(p, "longterm", v)

@longinit@
symbol FOLL_LONGTERM;
identifier v;
type T;
position p;
@@
T v@p = <+... FOLL_LONGTERM ...+>;

@script:python@
p << longinit.p;
v << longinit.v;
@@
fact(p, "longterm", v)

// Pages that outlive the function in something else
@stored@
idexpression struct page **pages;
expression E;
identifier m;
position p;
@@
(
E->m = pages@p
|
E.m = pages@p
)

@script:python@
p << stored.p;
pages << stored.pages;
@@
fact(p, "stored", pages)

// The pfn of a page table entry, and what it is put into
@take@
expression v, A;
identifier f =~ "^p(te|md|ud)_(pfn|page|val)$";
position p;
@@
(
v =@p <+... A.pfn ...+>
|
v =@p <+... A->pfn ...+>
|
v =@p <+... f(...) ...+>
)

@script:python@
p << take.p;
v << take.v;
@@
fact(p, "take", v)

@declared@
identifier v;
type T;
expression A;
identifier f =~ "^p(te|md|ud)_(pfn|page|val)$";
position p;
@@
(
T v@p = <+... A.pfn ...+>;
|
T v@p = <+... f(...) ...+>;
)

@script:python@
p << declared.p;
v << declared.v;
@@
fact(p, "take", v)

@taken@
identifier f =~ "^p(te|md|ud)_(pfn|page|val)$";
position p;
@@
f@p(...)

@script:python@
p << taken.p;
f << taken.f;
@@
fact(p, "taken", f)

@use@
expression take.v;
position p;
@@
v@p

@script:python@
p << use.p;
v << take.v;
@@
fact(p, "use", v)

// What is read of somebody's VMA
@pgoff@
expression vma;
position p;
@@
vma->vm_pgoff@p

@script:python@
p << pgoff.p;
@@
fact(p, "pgoff", "vm_pgoff")

@within@
expression vma, addr;
position p;
@@
addr -@p vma->vm_start

@script:python@
p << within.p;
@@
fact(p, "within", "")

@ops@
expression vma, E;
position p;
@@
(
vma->vm_ops@p == E
|
vma->vm_ops@p != E
)

@script:python@
p << ops.p;
E << ops.E;
@@
fact(p, "ops", "vm_ops", E)

@vmfile@
expression vma, E;
identifier m, f;
position p;
@@
(
vma->vm_file@p->m
|
vma->vm_file@p == E
|
vma->vm_file@p != E
|
E = vma->vm_file@p
|
f(..., vma->vm_file@p, ...)
)

@script:python@
p << vmfile.p;
@@
fact(p, "file", "vm_file")

@flag@
expression vma;
symbol VM_PFNMAP, VM_IO;
position p;
@@
(
vma->vm_flags &@p <+... VM_PFNMAP ...+>
|
vma->vm_flags &@p <+... VM_IO ...+>
)

@script:python@
p << flag.p;
@@
fact(p, "flag", "VM_PFNMAP")
