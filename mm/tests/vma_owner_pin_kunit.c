// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests for VMA owners: who is asked, and what can be pinned.
 */
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include "vma_owner_kunit.h"

/* ------------------------------------------------------------------------- */
/* 1. Object, not page table                                                 */

static void c1_pin_of_never_faulted_memory(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c1_mappings_of_never_faulted_memory(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);

	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev, DMA_TO_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vo_expect_extents(imp, obj, 0, VO_SIZE);
	vo_expect_whole(imp, obj);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	vma_unpin(&imp->pin);
}

static void c1_owner_is_told_of_the_vma(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(obj, addr, 1, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + PAGE_SIZE + 10, 20), 0);
	KUNIT_EXPECT_PTR_EQ(test, obj->query.file, obj->file);
	KUNIT_EXPECT_PTR_EQ(test, obj->query.private_data, (void *)obj);
	KUNIT_EXPECT_EQ(test, obj->query.pgoff, 2);
	KUNIT_EXPECT_TRUE(test, obj->query.pfnmap);
	KUNIT_EXPECT_EQ(test, obj->query.len, PAGE_SIZE);
	KUNIT_EXPECT_TRUE(test, obj->query.write);
	KUNIT_EXPECT_FALSE(test, obj->query.revocable);
	vo_expect_extents(imp, obj, 2 * PAGE_SIZE + 10, 20);
	vma_unpin(&imp->pin);
}

static void c1_owner_is_told_of_reading(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, vo_map(obj), VO_SIZE, 0), 0);
	KUNIT_EXPECT_FALSE(test, obj->query.write);
	KUNIT_EXPECT_EQ(test, obj->query.len, VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c1_owner_is_told_who_can_be_revoked(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_TRUE(test, obj->query.revocable);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 2. Owner first, then GUP                                                  */

static void c2_owner_of_memory_with_pages(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp;
	int count;

	obj->pfnmap = false;
	imp = vo_imp(test->priv, VO_STATIC);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, obj->query.pfnmap);
	count = page_count(obj->pages[0]);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
	KUNIT_EXPECT_EQ(test, count, 1);
	vma_unpin(&imp->pin);
}

static void c2_ordinary_memory(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);
	u32 *vaddr;

	vo_poke(test->priv, addr + 2 * PAGE_SIZE, 0x1234);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 3 * PAGE_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, vaddr[2 * PAGE_SIZE / 4], 0x1234);
	vaddr[PAGE_SIZE / 4] = 0x5678;
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr + PAGE_SIZE), 0x5678);
}

static void c2_ordinary_memory_unaligned(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 2) + PAGE_SIZE - 4;
	u32 *vaddr;

	vo_poke(test->priv, addr, 1);
	vo_poke(test->priv, addr + 4, 2);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 8), 0);
	/* Beside the place for one page */
	KUNIT_EXPECT_NULL(test, imp->pin.seen_in);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, vaddr[0], 1);
	KUNIT_EXPECT_EQ(test, vaddr[1], 2);
	vma_unpin(&imp->pin);
}

/* Does unpinning mark the page dirty? */
static bool vo_unpin_dirties(struct vo *vo, unsigned int flags)
{
	unsigned long addr = vo_anon(vo, 1);
	struct vo_imp *imp = vo_imp(vo, VO_STATIC);
	struct folio *folio;
	bool dirty;

	vo_poke(vo, addr, 1);
	KUNIT_ASSERT_EQ(vo->test, vo_pin_flags(imp, addr, 4, flags), 0);
	folio = page_folio(imp->pin.pages[0]);
	folio_get(folio);
	folio_test_clear_dirty(folio);
	vma_unpin(&imp->pin);
	dirty = folio_test_dirty(folio);
	folio_put(folio);
	return dirty;
}

static void c2_ordinary_memory_dirtied_by_writers(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, vo_unpin_dirties(test->priv, VMA_PIN_WRITE));
	KUNIT_EXPECT_FALSE(test, vo_unpin_dirties(test->priv, 0));
}

static void c2_ordinary_memory_never_forced(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 1);

	vo_anon_at(test->priv, addr, 1, PROT_READ);
	vo_expect_refused(imp, vo_pin(imp, addr, 4), -EFAULT);
	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, 4, 0), 0);
	vma_unpin(&imp->pin);
}

/* Only FOLL_LONGTERM unshares the zero page for a reader */
static void c2_ordinary_memory_pinned_longterm(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);
	u32 *vaddr;

	KUNIT_EXPECT_EQ(test, vo_peek(test->priv, addr), 0);
	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, PAGE_SIZE, 0), 0);
	vo_poke(test->priv, addr, 0x77);
	vaddr = vo_kmap(&imp->pin);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, vaddr);
	KUNIT_EXPECT_EQ(test, *vaddr, 0x77);
	vma_unpin(&imp->pin);
}

static void c2_ordinary_vmas_side_by_side(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_anon_at(test->priv, addr, 1, PROT_READ | PROT_WRITE);
	vo_anon_at(test->priv, addr + PAGE_SIZE, 1,
		   PROT_READ | PROT_WRITE | PROT_EXEC);
	KUNIT_EXPECT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, imp->pin.nr_pages, 2);
	vma_unpin(&imp->pin);
}

static void c2_not_mine_without_pages_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->tryget_err = -ENOENT;
	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, fault), 0);
}

static void c2_not_mine_with_pages_is_ordinary(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	obj->tryget_err = -ENOENT;
	obj->pfnmap = false;
	KUNIT_ASSERT_EQ(test, vo_pin(imp, vo_map(obj), VO_SIZE), 0);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_PTR_EQ(test, imp->pin.pages[1], obj->pages[1]);
	vma_unpin(&imp->pin);
}

static void c2_pfnmap_without_owner_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->vm_ops = &vo_vm_ops_without_owner;
	addr = vo_map(obj);
	KUNIT_EXPECT_TRUE(test, vo_touch(addr));
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 0);
}

static void c2_io_without_owner_refused(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->pfnmap = false;
	obj->vm_ops = &vo_vm_ops_without_owner;
	addr = vo_map(obj);
	mmap_write_lock(current->mm);
	vm_flags_set(find_vma(current->mm, addr), VM_IO);
	mmap_write_unlock(current->mm);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static bool vo_has_owner(unsigned long addr)
{
	bool ret;

	mmap_read_lock(current->mm);
	ret = vma_has_owner(vma_lookup(current->mm, addr));
	mmap_read_unlock(current->mm);
	return ret;
}

/* The VMA is looked at, and the owner not asked */
static void c2_vma_has_owner(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);

	b->vm_ops = &vo_vm_ops_without_owner;
	KUNIT_EXPECT_TRUE(test, vo_has_owner(vo_map(a)));
	KUNIT_EXPECT_FALSE(test, vo_has_owner(vo_map(b)));
	KUNIT_EXPECT_FALSE(test, vo_has_owner(vo_anon(test->priv, 1)));
	KUNIT_EXPECT_EQ(test, vo_n(a, tryget), 0);
}

/* ------------------------------------------------------------------------- */
/* 3. A pin belongs to the object                                            */

static void c3_pin_survives_munmap(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	KUNIT_EXPECT_EQ(test, vo_n(obj, close), 1);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_last_unpin_frees(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_obj_unregister(obj);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c3_pin_survives_split(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);

	vo_unmap(test->priv, imp->pin.start + PAGE_SIZE, 1);
	KUNIT_EXPECT_GT(test, vo_n(obj, open), 1);
	vo_expect_whole(imp, obj);
	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

/* What mremap() does to an exporter: a VMA more, then one less */
static void c3_pin_survives_remapping(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vo_imp *other = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, imp->pin.start, VO_PAGES);
	vo_expect_whole(imp, obj);
	KUNIT_ASSERT_EQ(test, vo_pin(other, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 2);
	vma_unpin(&imp->pin);
	vo_expect_whole(other, obj);
	vma_unpin(&other->pin);
}

static void vo_protect_none(unsigned long addr)
{
	mmap_write_lock(current->mm);
	vm_flags_clear(find_vma(current->mm, addr), VM_READ | VM_WRITE);
	mmap_write_unlock(current->mm);
}

static void c3_pin_survives_mprotect(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned_dev(obj, VO_STATIC);
	struct vo_imp *late = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = imp->pin.start;

	vo_protect_none(addr);
	vo_expect_whole(imp, obj);
	vo_expect_dma(imp, vma_pin_map_dma_unlocked(&imp->pin, imp->dev,
						    DMA_FROM_DEVICE),
		      obj->pages, 0, VO_SIZE);
	vo_expect_refused(late, vo_pin(late, addr, VO_SIZE), -EFAULT);
	vma_unpin(&imp->pin);
}

static void c3_pin_survives_close(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct vo *vo = test->priv;

	vo_unmap(vo, imp->pin.start, VO_PAGES);
	vo_obj_close(obj);
	KUNIT_EXPECT_TRUE(test, vo_alive_is(obj, 1));
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_pin_survives_exit(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_pinned(obj, VO_STATIC);
	struct mm_struct *mm = current->mm;

	kthread_unuse_mm(mm);
	mmput(mm);
	KUNIT_EXPECT_EQ(test, vo_n(obj, close), 1);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

static void c3_read_of_read_only_granted(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map_prot(obj, PROT_READ, MAP_SHARED);

	KUNIT_ASSERT_EQ(test, vo_pin_flags(imp, addr, VO_SIZE, 0), 0);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* 4. One object per pin                                                     */

static void c4_adjoining_vmas(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);
	unsigned int i;

	for (i = 0; i < 3; i++)
		vo_map_at(obj, addr + i * PAGE_SIZE, 1 + i, 1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr + 5, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_n(obj, tryget), 3);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vo_expect_extents(imp, obj, PAGE_SIZE + 5, 2 * PAGE_SIZE);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_holes[] = {
	{ "at the start", 0 }, { "in the middle", 1 }, { "at the end", 2 },
};

KUNIT_ARRAY_PARAM_DESC(vo_hole, vo_holes, name);

static void c4_hole_in_owned_refused(struct kunit *test)
{
	const struct vo_param *hole = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, addr + hole->value * PAGE_SIZE, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 3 * PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_hole_in_ordinary_refused(struct kunit *test)
{
	const struct vo_param *hole = test->param_value;
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);

	vo_unmap(test->priv, addr + hole->value * PAGE_SIZE, 1);
	vo_expect_refused(imp, vo_pin(imp, addr, 3 * PAGE_SIZE), -EFAULT);
}

const struct vo_edge vo_edges[] = {
	{ "first byte", 0, 1, 0 },
	{ "last byte", VO_ODD - 1, 1, 0 },
	{ "last byte of a page", PAGE_SIZE - 1, 1, 0 },
	{ "first byte of a page", PAGE_SIZE, 1, 0 },
	{ "across pages", PAGE_SIZE - 1, 2, 0 },
	{ "across three pages", PAGE_SIZE - 1, PAGE_SIZE + 2, 0 },
	{ "one page", PAGE_SIZE, PAGE_SIZE, 0 },
	{ "whole", 0, VO_ODD, 0 },
	{ "whole but the first byte", 1, VO_ODD - 1, 0 },
	{ "whole but the last byte", 0, VO_ODD - 1, 0 },
	{ "whole and a byte", 0, VO_ODD + 1, -EFAULT },
	{ "last byte and one more", VO_ODD - 1, 2, -EFAULT },
	{ "byte behind", VO_ODD, 1, -EFAULT },
	{ "last mapped byte", VO_SIZE - 1, 1, -EFAULT },
	{ "all that is mapped", 0, VO_SIZE, -EFAULT },
	{ "a page too many", 0, VO_SIZE + PAGE_SIZE, -EFAULT },
	{ "nothing", 0, 0, -EINVAL },
	{ "nothing at the end", VO_ODD, 0, -EINVAL },
};

KUNIT_ARRAY_PARAM_DESC(vo_edge, vo_edges, name);

static void c4_edges(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	int ret;

	obj->size = VO_ODD;
	ret = vo_pin(imp, vo_map(obj) + e->offset, e->len);
	if (e->ret)
		return vo_expect_refused(imp, ret, e->ret);
	KUNIT_ASSERT_EQ(test, ret, 0);
	vo_expect_extents(imp, obj, e->offset, e->len);
	vma_unpin(&imp->pin);
}

static void c4_edges_of_prefix(struct kunit *test)
{
	const struct vo_edge *e = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	ssize_t want = min(e->len, VO_ODD - e->offset);
	ssize_t ret;

	obj->size = VO_ODD;
	ret = vo_prefix(imp, vo_map(obj) + e->offset, e->len);
	if (!e->len)
		return vo_expect_refused(imp, ret, -EINVAL);
	if (e->offset >= VO_ODD)
		return vo_expect_refused(imp, ret, -EFAULT);
	KUNIT_ASSERT_EQ(test, ret, want);
	KUNIT_EXPECT_EQ(test, imp->pin.len, want);
	vo_expect_extents(imp, obj, e->offset, want);
	vma_unpin(&imp->pin);
}

static const struct vo_param vo_shifts[] = {
	{ "the last page of all", -(int)PAGE_SIZE },
	{ "the last byte of all", -1 },
};

KUNIT_ARRAY_PARAM_DESC(vo_shift, vo_shifts, name);

/* An owner says that it starts so far behind that its end is a small number */
static void c4_offset_overflows(struct kunit *test)
{
	const struct vo_param *t = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->shift = (s64)t->value;
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_pin(imp, addr + 1, PAGE_SIZE), -EFAULT);
	vo_expect_refused(imp, vo_prefix(imp, addr + 1, PAGE_SIZE), -EFAULT);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_prefix_owned_then_ordinary(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);

	vo_map_at(obj, addr, 0, 1);
	vo_map_at(obj, addr + PAGE_SIZE, 1, 1);
	vo_anon_at(test->priv, addr + 2 * PAGE_SIZE, 1, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr + 8, 3 * PAGE_SIZE - 8),
			2 * PAGE_SIZE - 8);
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&imp->pin));
	vo_expect_extents(imp, obj, 8, 2 * PAGE_SIZE - 8);
	vma_unpin(&imp->pin);
}

static void c4_prefix_ordinary_then_owned(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 3);

	vo_anon_at(test->priv, addr, 1, PROT_READ | PROT_WRITE);
	vo_anon_at(test->priv, addr + PAGE_SIZE, 1, PROT_READ);
	vo_map_at(obj, addr + 2 * PAGE_SIZE, 0, 1);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr + 8, 3 * PAGE_SIZE - 8),
			2 * PAGE_SIZE - 8);
	KUNIT_EXPECT_FALSE(test, vma_pin_is_owned(&imp->pin));
	KUNIT_EXPECT_NULL(test, imp->pin.client);
	KUNIT_EXPECT_NULL(test, imp->pin.pages);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 0);
}

static void c4_prefix_stops_at_hole(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	vo_unmap(test->priv, addr + PAGE_SIZE, 1);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, VO_SIZE), PAGE_SIZE);
	vma_unpin(&imp->pin);
	vo_expect_refused(imp, vo_prefix(imp, addr + PAGE_SIZE, 1), -EFAULT);
}

static void c4_prefix_ordinary_stops_at_hole(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 3);

	vo_unmap(test->priv, addr + 2 * PAGE_SIZE, 1);
	KUNIT_EXPECT_EQ(test, vo_prefix(imp, addr, 3 * PAGE_SIZE),
			2 * PAGE_SIZE);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
}

static void c4_prefix_stops_at_other_object(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 1, 1);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, 2 * PAGE_SIZE), PAGE_SIZE);
	vo_expect_extents(imp, a, 0, PAGE_SIZE);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr + PAGE_SIZE, PAGE_SIZE),
			PAGE_SIZE);
	vo_expect_extents(imp, b, PAGE_SIZE, PAGE_SIZE);
	vma_unpin(&imp->pin);
}

/* What stops the run is told to the call that starts there */
static void c4_prefix_stops_at_refusal(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 0, 1);
	b->tryget_err = -EDQUOT;
	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, 2 * PAGE_SIZE), PAGE_SIZE);
	vma_unpin(&imp->pin);
	vo_expect_refused(imp, vo_prefix(imp, addr + PAGE_SIZE, PAGE_SIZE),
			  -EDQUOT);
}

static void c4_prefix_of_everything(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	KUNIT_ASSERT_EQ(test, vo_prefix(imp, addr, ULONG_MAX / 4), VO_SIZE);
	vma_unpin(&imp->pin);
}

static void c4_prefix_of_another_mm(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	struct mm_struct *mm = current->mm;
	unsigned long addr = vo_map(obj);

	kthread_unuse_mm(mm);
	KUNIT_EXPECT_EQ(test, vma_pin_user_prefix(&imp->pin, mm, addr, VO_SIZE,
						  VMA_PIN_WRITE, &imp->client),
			VO_SIZE);
	mmput(mm);
	vo_expect_whole(imp, obj);
	vma_unpin(&imp->pin);
}

/* ------------------------------------------------------------------------- */
/* What is refused                                                           */

/* The ways to pin it that are to be refused */
#define VO_READ		BIT(0)
#define VO_WRITE	BIT(1)
#define VO_PREFIX	BIT(2)

/*
 * @map: what lies side by side, two letters for each page. The first one: an
 * object, a or b; a as memory that may not be read nor written (n), only
 * written (w), only read (r), or is copied on write (c); or ordinary memory (+).
 * The second one: which page of the object. Without @map, @addr is pinned.
 */
struct vo_refusal {
	const char	*name;
	const char	*map;
	unsigned int	how;
	bool		has_pages;
	bool		has_no_owner;
	unsigned long	addr;
	size_t		len;	/* all there is if 0 and @map is more than a page */
	int		ret;
};

static const struct vo_refusal vo_permissions[] = {
	{ "unreadable", "n0n1n2n3", VO_READ, .ret = -EFAULT },
	{ "read, but write only", "w0w1w2w3", VO_READ, .ret = -EFAULT },
	{ "written, but read only", "r0r1r2r3", VO_WRITE | VO_PREFIX,
	  .ret = -EFAULT },
	{ "copied on write", "c0c1c2c3", VO_READ | VO_WRITE, .ret = -EFAULT },
	{ "second VMA read only", "a0r1", VO_WRITE, .ret = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(vo_permission, vo_permissions, name);

static const struct vo_refusal vo_mixtures[] = {
	{ "swapped offsets", "a1a0", VO_WRITE, .ret = -EFAULT },
	{ "skipped offset", "a0a2", VO_WRITE, .ret = -EFAULT },
	{ "two objects", "a0b1", VO_WRITE, .ret = -EFAULT },
	{ "owned, then ordinary", "a0+0", VO_WRITE, .ret = -EFAULT },
	{ "ordinary, then owned", "+0a0", VO_WRITE, .has_pages = true,
	  .ret = -EFAULT },
	{ "VM_PFNMAP without owner", "a0a1a2a3", VO_WRITE | VO_PREFIX,
	  .has_no_owner = true, .ret = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(vo_mixture, vo_mixtures, name);

/* The end of the last page is zero */
static const struct vo_refusal vo_ranges[] = {
	{ "no byte", "+0", VO_WRITE | VO_PREFIX, .ret = -EINVAL },
	{ "overflow", "+0", VO_WRITE, .len = SIZE_MAX, .ret = -EINVAL },
	{ "last page", NULL, VO_WRITE | VO_PREFIX, .addr = PAGE_MASK, .len = 1,
	  .ret = -EINVAL },
	{ "all of the last page", NULL, VO_PREFIX, .addr = PAGE_MASK,
	  .len = PAGE_SIZE, .ret = -EINVAL },
	{ "last byte", NULL, VO_WRITE, .addr = ULONG_MAX, .len = 1,
	  .ret = -EINVAL },
	{ "nothing mapped", ".0", VO_WRITE | VO_PREFIX, .len = 1,
	  .ret = -EFAULT },
	{ "nothing mapped at 0", NULL, VO_WRITE, .len = 1, .ret = -EFAULT },
};

KUNIT_ARRAY_PARAM_DESC(vo_range, vo_ranges, name);

static unsigned long vo_prot_of(char what)
{
	switch (what) {
	case 'n':
		return PROT_NONE;
	case 'w':
		return PROT_WRITE;
	case 'r':
		return PROT_READ;
	default:
		return PROT_READ | PROT_WRITE;
	}
}

/* Map what @map says; neighbours of one kind that follow each other are one VMA */
static unsigned long vo_lay_out(struct vo *vo, const char *map,
				struct vma_owner_mock *a, struct vma_owner_mock *b)
{
	unsigned long base = vo_area(vo, strlen(map) / 2), addr = base;
	unsigned int n;

	for (; *map; map += 2 * n, addr += n * PAGE_SIZE) {
		for (n = 1; map[2 * n] == map[0]; n++)
			if (map[2 * n + 1] != map[1] + n)
				break;
		if (map[0] == '+')
			vo_anon_at(vo, addr, n, vo_prot_of('+'));
		else if (map[0] != '.')
			vo_mmap_at(vo, (map[0] == 'b' ? b : a)->file, addr,
				   map[1] - '0', n, vo_prot_of(map[0]),
				   map[0] == 'c' ? MAP_PRIVATE : MAP_SHARED);
	}
	return base;
}

static void vo_refused(struct kunit *test)
{
	const struct vo_refusal *r = test->param_value;
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	size_t pages = r->map ? strlen(r->map) / 2 : 0;
	size_t len = r->len ?: pages > 1 ? pages * PAGE_SIZE : 0;
	unsigned long addr = r->addr;

	a->pfnmap = !r->has_pages;
	if (r->has_no_owner)
		a->vm_ops = &vo_vm_ops_without_owner;
	b->shown_ops = &a->ops;
	if (r->map)
		addr = vo_lay_out(test->priv, r->map, a, b);
	if (r->how & VO_READ)
		vo_expect_refused(imp, vo_pin_flags(imp, addr, len, 0), r->ret);
	if (r->how & VO_WRITE)
		vo_expect_refused(imp, vo_pin(imp, addr, len), r->ret);
	if (r->how & VO_PREFIX)
		vo_expect_refused(imp, vo_prefix(imp, addr, len), r->ret);
	KUNIT_EXPECT_EQ(test, vo_held(a) + vo_held(b), 0);
}

static void c3_refused(struct kunit *test)
{
	vo_refused(test);
}

static void c3_written_where_nobody_reads(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_lay_out(test->priv, "w0w1", obj, obj);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, 2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, vo_held(obj), 1);
	vma_unpin(&imp->pin);
}

static void c4_refused(struct kunit *test)
{
	vo_refused(test);
}

static void errno_ranges_refused(struct kunit *test)
{
	vo_refused(test);
}

/* ------------------------------------------------------------------------- */
/* 5. The reference                                                          */

static void c5_vma_of_dead_object(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr;

	obj->vma_counts = false;
	addr = vo_map(obj);
	vo_obj_unregister(obj);
	KUNIT_EXPECT_TRUE(test, obj->dead);
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, got), 0);
}

static void c5_pin_outlives_driver(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp, *late = vo_imp(test->priv, VO_STATIC);

	obj->vma_counts = false;
	imp = vo_pinned(obj, VO_STATIC);
	vo_obj_unregister(obj);
	vo_expect_whole(imp, obj);
	KUNIT_EXPECT_EQ(test, vo_pin(late, imp->pin.start, 1), 0);
	vma_unpin(&late->pin);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_TRUE(test, obj->dead);
}

static void c5_file_not_held(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	long count = file_count(obj->file);

	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	KUNIT_EXPECT_EQ(test, file_count(obj->file), count);
	vma_unpin(&imp->pin);
}

#ifdef CONFIG_MODULE_UNLOAD

static struct module vo_module = { .name = "vo_module" };

static struct vma_owner_mock *vo_obj_module(struct vo *vo, enum module_state state)
{
	struct vma_owner_mock *obj = vo_obj_revocable(vo);

	vo_module.state = state;
	atomic_set(&vo_module.refcnt, 1);
	obj->ops.module = &vo_module;
	return obj;
}

static void c5_module_held(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);
	struct vo_imp *failed = vo_imp(test->priv, VO_STATIC);

	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vo_expect_refused(failed, vo_pin(failed, imp->pin.start, 1),
			  -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void vo_expect_module_held(struct vma_owner_mock *obj)
{
	KUNIT_EXPECT_EQ(obj->test, atomic_read(&vo_module.refcnt), 2);
}

/* put() is code of the module: it has to return before the module may go */
static void c5_module_held_while_put(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->in_put = vo_expect_module_held;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EOPNOTSUPP);
	imp = vo_imp(test->priv, VO_TYPE1);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vma_unpin(&imp->pin);
	KUNIT_ASSERT_EQ(test, vo_pin(imp, addr, VO_SIZE), 0);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 3);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void c5_module_held_until_gone(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_module(test->priv, MODULE_STATE_LIVE);
	struct vo_imp *imp = vo_pinned(obj, VO_TYPE1);

	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 2);
	vma_owner_revoke(obj->revoke, VMA_OWNER_PERMANENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
	vma_unpin(&imp->pin);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

static void c5_module_going(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj_module(test->priv, MODULE_STATE_GOING);
	struct vo_imp *imp = vo_imp(test->priv, VO_TYPE1);

	vo_expect_refused(imp, vo_pin(imp, vo_map(obj), VO_SIZE), -ENODEV);
	KUNIT_EXPECT_EQ(test, vo_n(obj, got), 1);
	KUNIT_EXPECT_EQ(test, vo_n(obj, put), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&vo_module.refcnt), 1);
}

#endif

/* ------------------------------------------------------------------------- */
/* The errno table, as far as the cases above have not gone through it       */

static const struct vo_param vo_errnos[] = {
	{ "EDQUOT", -EDQUOT }, { "ENOMEM", -ENOMEM }, { "ENODEV", -ENODEV },
	{ "EPERM", -EPERM },
};

KUNIT_ARRAY_PARAM_DESC(vo_errno, vo_errnos, name);

static void errno_of_owner_passed_on(struct kunit *test)
{
	const struct vo_param *err = test->param_value;
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->tryget_err = err->value;
	vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), err->value);
	vo_expect_refused(imp, vo_prefix(imp, addr, VO_SIZE), err->value);
}

/* The second VMA's owner refuses: the reference to the first is put */
static void errno_of_second_vma_passed_on(struct kunit *test)
{
	struct vma_owner_mock *a = vo_obj(test->priv), *b = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 2);

	vo_map_at(a, addr, 0, 1);
	vo_map_at(b, addr + PAGE_SIZE, 0, 1);
	b->tryget_err = -EDQUOT;
	vo_expect_refused(imp, vo_pin(imp, addr, 2 * PAGE_SIZE), -EDQUOT);
	KUNIT_EXPECT_EQ(test, vo_held(a), 0);
}

static void errno_owner_answers_nonsense(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);

	obj->tryget_err = 1;
	kunit_warning_suppress(test)
		vo_expect_refused(imp, vo_pin(imp, addr, VO_SIZE), -EFAULT);
}

static void errno_leaves_no_client(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);

	imp->pin.client = &imp->client;
	KUNIT_EXPECT_EQ(test, vo_pin(imp, vo_anon(test->priv, 1), 0), -EINVAL);
	KUNIT_EXPECT_NULL(test, imp->pin.client);
}

static void errno_bad_arguments(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);

	kunit_warning_suppress(test) {
		vo_expect_refused(imp, vo_pin_flags(imp, addr, 1, ~0U),
				  -EINVAL);
		imp->client.name = NULL;
		vo_expect_refused(imp, vo_pin(imp, addr, 1), -EINVAL);
	}
}

static void errno_without_mm(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_anon(test->priv, 1);
	struct mm_struct *mm = current->mm;

	kthread_unuse_mm(mm);
	vo_expect_refused(imp, vo_pin(imp, addr, 1), -EFAULT);
	mmput(mm);
}

/* What an exporter has after vma_owner_revoke_create() failed, it may put */
static void errno_put_of_no_revoke_handle(struct kunit *test)
{
	vma_owner_revoke_put(ERR_PTR(-ENOMEM));
	vma_owner_revoke_put(ERR_PTR(-EOPNOTSUPP));
	vma_owner_revoke_put(NULL);
}

struct vo_locker {
	struct work_struct	work;
	struct mm_struct	*mm;
	struct completion	locked;
	struct completion	go;
};

static void vo_locker_work(struct work_struct *work)
{
	struct vo_locker *l = container_of(work, struct vo_locker, work);

	mmap_write_lock(l->mm);
	complete(&l->locked);
	wait_for_completion(&l->go);
	mmap_write_unlock(l->mm);
}

/* Somebody holds mmap_lock for writing and a fatal signal is pending */
static void vo_locker_start(struct vo *vo, struct vo_locker *l)
{
	l->mm = current->mm;
	init_completion(&l->locked);
	init_completion(&l->go);
	INIT_WORK_ONSTACK(&l->work, vo_locker_work);
	queue_work(vo->wq, &l->work);
	wait_for_completion(&l->locked);
	allow_signal(SIGKILL);
	send_sig(SIGKILL, current, 1);
}

static void vo_locker_end(struct vo_locker *l)
{
	disallow_signal(SIGKILL);
	flush_signals(current);
	complete(&l->go);
	flush_work(&l->work);
	destroy_work_on_stack(&l->work);
}

static void errno_killed_while_waiting(struct kunit *test)
{
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_area(test->priv, 1);
	struct vo_locker l;
	int ret;

	vo_locker_start(test->priv, &l);
	ret = vo_pin(imp, addr, 1);
	vo_locker_end(&l);
	vo_expect_refused(imp, ret, -EINTR);
}

/* Where there is a VMA its own lock is enough */
static void c10_pin_beside_a_held_mmap_lock(struct kunit *test)
{
	struct vma_owner_mock *obj = vo_obj(test->priv);
	struct vo_imp *imp = vo_imp(test->priv, VO_STATIC);
	unsigned long addr = vo_map(obj);
	struct vo_locker l;
	int ret;

	if (!IS_ENABLED(CONFIG_PER_VMA_LOCK))
		kunit_skip(test, "needs CONFIG_PER_VMA_LOCK");
	vo_locker_start(test->priv, &l);
	ret = vo_pin(imp, addr, VO_SIZE);
	vo_locker_end(&l);
	KUNIT_ASSERT_EQ(test, ret, 0);
	vma_unpin(&imp->pin);
}

struct kunit_case vo_pin_cases[] = {
	KUNIT_CASE(c1_pin_of_never_faulted_memory),
	KUNIT_CASE(c1_mappings_of_never_faulted_memory),
	KUNIT_CASE(c1_owner_is_told_of_the_vma),
	KUNIT_CASE(c1_owner_is_told_of_reading),
	KUNIT_CASE(c1_owner_is_told_who_can_be_revoked),
	KUNIT_CASE(c2_owner_of_memory_with_pages),
	KUNIT_CASE(c2_ordinary_memory),
	KUNIT_CASE(c2_ordinary_memory_unaligned),
	KUNIT_CASE(c2_ordinary_memory_dirtied_by_writers),
	KUNIT_CASE(c2_ordinary_memory_never_forced),
	KUNIT_CASE(c2_ordinary_memory_pinned_longterm),
	KUNIT_CASE(c2_ordinary_vmas_side_by_side),
	KUNIT_CASE(c2_not_mine_without_pages_refused),
	KUNIT_CASE(c2_not_mine_with_pages_is_ordinary),
	KUNIT_CASE(c2_pfnmap_without_owner_refused),
	KUNIT_CASE(c2_io_without_owner_refused),
	KUNIT_CASE(c2_vma_has_owner),
	KUNIT_CASE(c3_pin_survives_munmap),
	KUNIT_CASE(c3_last_unpin_frees),
	KUNIT_CASE(c3_pin_survives_split),
	KUNIT_CASE(c3_pin_survives_remapping),
	KUNIT_CASE(c3_pin_survives_mprotect),
	KUNIT_CASE(c3_pin_survives_close),
	KUNIT_CASE(c3_pin_survives_exit),
	KUNIT_CASE(c3_read_of_read_only_granted),
	KUNIT_CASE_PARAM(c3_refused, vo_permission_gen_params),
	KUNIT_CASE(c3_written_where_nobody_reads),
	KUNIT_CASE_PARAM(c4_refused, vo_mixture_gen_params),
	KUNIT_CASE(c4_adjoining_vmas),
	KUNIT_CASE_PARAM(c4_hole_in_owned_refused, vo_hole_gen_params),
	KUNIT_CASE_PARAM(c4_hole_in_ordinary_refused, vo_hole_gen_params),
	KUNIT_CASE_PARAM(c4_edges, vo_edge_gen_params),
	KUNIT_CASE_PARAM(c4_edges_of_prefix, vo_edge_gen_params),
	KUNIT_CASE_PARAM(c4_offset_overflows, vo_shift_gen_params),
	KUNIT_CASE(c4_prefix_owned_then_ordinary),
	KUNIT_CASE(c4_prefix_ordinary_then_owned),
	KUNIT_CASE(c4_prefix_stops_at_hole),
	KUNIT_CASE(c4_prefix_ordinary_stops_at_hole),
	KUNIT_CASE(c4_prefix_stops_at_other_object),
	KUNIT_CASE(c4_prefix_stops_at_refusal),
	KUNIT_CASE(c4_prefix_of_everything),
	KUNIT_CASE(c4_prefix_of_another_mm),
	KUNIT_CASE(c5_vma_of_dead_object),
	KUNIT_CASE(c5_pin_outlives_driver),
	KUNIT_CASE(c5_file_not_held),
#ifdef CONFIG_MODULE_UNLOAD
	KUNIT_CASE(c5_module_held),
	KUNIT_CASE(c5_module_held_while_put),
	KUNIT_CASE(c5_module_held_until_gone),
	KUNIT_CASE(c5_module_going),
#endif
	KUNIT_CASE(c10_pin_beside_a_held_mmap_lock),
	KUNIT_CASE_PARAM(errno_of_owner_passed_on, vo_errno_gen_params),
	KUNIT_CASE(errno_of_second_vma_passed_on),
	KUNIT_CASE(errno_owner_answers_nonsense),
	KUNIT_CASE_PARAM(errno_ranges_refused, vo_range_gen_params),
	KUNIT_CASE(errno_leaves_no_client),
	KUNIT_CASE(errno_bad_arguments),
	KUNIT_CASE(errno_without_mm),
	KUNIT_CASE(errno_put_of_no_revoke_handle),
	KUNIT_CASE(errno_killed_while_waiting),
	{}
};
