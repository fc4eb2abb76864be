// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the memory of other drivers in a User VM. Part of vm.c: they call
 * ACRN's functions for a VM that no hypervisor knows. What it would be told is put
 * into an EPT of the tests' own.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <kunit/vma_owner.h>

#define ACRN_TEST_VMID		5
#define ACRN_TEST_PA		0x40000000ul	/* where the EPT begins */
#define ACRN_TEST_PAGES		(2 * VOM_PAGES)
#define ACRN_TEST_RW		(ACRN_MEM_ACCESS_READ | ACRN_MEM_ACCESS_WRITE)

struct acrn_test {
	struct kunit		*test;
	struct acrn_vm		*vm;
	u16			vmid;		/* whose the calls must be */
	struct vma_owner_mock	*m;
	unsigned long		addr;
	struct vma_owner_obj_ops ops;
	pgprot_t		prot;		/* of RAM_FIXED */
	u64			ept[ACRN_TEST_PAGES];
	u32			attr[ACRN_TEST_PAGES];
	unsigned int		hcalls;
	unsigned int		fail_at;	/* 1: the next one */
	unsigned int		done_of_failed;	/* regions */
	bool			twice;		/* put over what was there */
	bool			destroyed;
	bool			empty_when_destroyed;
};

/* ---- the hypervisor ---- */

static void acrn_test_set_region(struct acrn_test *t,
				 const struct vm_memory_region_op *op)
{
	unsigned long nr = PHYS_PFN(op->user_vm_pa - ACRN_TEST_PA);
	u64 pos;

	for (pos = 0; pos < op->size; pos += PAGE_SIZE, nr++) {
		KUNIT_ASSERT_LT(t->test, nr, ACRN_TEST_PAGES);
		if (op->type == ACRN_MEM_REGION_DEL) {
			t->ept[nr] = 0;
			continue;
		}
		t->twice |= t->ept[nr] != 0;
		t->ept[nr] = op->service_vm_pa + pos;
		t->attr[nr] = op->attr;
	}
}

static int acrn_test_set_regions(struct vm_memory_region_batch *regions)
{
	struct acrn_test *t = kunit_get_current_test()->priv;
	const struct vm_memory_region_op *op = phys_to_virt(regions->regions_gpa);
	unsigned int i, nr = regions->regions_num;
	bool fail;

	KUNIT_EXPECT_EQ(t->test, t->vmid, regions->vmid);
	KUNIT_EXPECT_FALSE(t->test, t->destroyed);
	t->hcalls++;
	fail = t->fail_at && !--t->fail_at;
	if (fail)
		nr = min(nr, t->done_of_failed);
	for (i = 0; i < nr; i++)
		acrn_test_set_region(t, &op[i]);
	return fail ? -EIO : 0;
}

static bool acrn_test_ept_is_empty(const struct acrn_test *t)
{
	return !memchr_inv(t->ept, 0, sizeof(t->ept));
}

/* Fails, so that what has nothing to do with memory is not taken down */
static long acrn_test_destroy_vm(u64 vmid)
{
	struct acrn_test *t = kunit_get_current_test()->priv;

	t->destroyed = true;
	t->empty_when_destroyed = acrn_test_ept_is_empty(t);
	return -EIO;
}

/* ---- what user space asks ---- */

static struct acrn_vm_memmap acrn_test_memmap(struct acrn_test *t,
					      unsigned long first,
					      unsigned long nr)
{
	return (struct acrn_vm_memmap) {
		.type		= ACRN_MEMMAP_RAM,
		.attr		= ACRN_TEST_RW,
		.user_vm_pa	= ACRN_TEST_PA + first * PAGE_SIZE,
		.vma_base	= t->addr + first * PAGE_SIZE,
		.len		= nr * PAGE_SIZE,
	};
}

static int acrn_test_map(struct acrn_test *t, unsigned long first,
			 unsigned long nr)
{
	struct acrn_vm_memmap memmap = acrn_test_memmap(t, first, nr);

	return acrn_vm_memseg_map(t->vm, &memmap);
}

/* The type of the call is that of a BAR by its address, whatever it was */
static int acrn_test_unmap(struct acrn_test *t, unsigned long first,
			   unsigned long nr)
{
	struct acrn_vm_memmap memmap = acrn_test_memmap(t, first, nr);

	memmap.type = ACRN_MEMMAP_MMIO;
	return acrn_vm_memseg_unmap(t->vm, &memmap);
}

/* These pages of the mock are in the EPT, and no others */
static void acrn_test_expect(struct acrn_test *t, unsigned long first,
			     unsigned long nr, u32 memtype)
{
	unsigned long i;

	for (i = 0; i < ACRN_TEST_PAGES; i++) {
		if (i < first || i >= first + nr) {
			KUNIT_EXPECT_EQ_MSG(t->test, 0, t->ept[i], "page %lu", i);
			continue;
		}
		KUNIT_EXPECT_EQ_MSG(t->test,
				    vma_owner_mock_phys(t->m, i * PAGE_SIZE),
				    t->ept[i], "page %lu", i);
		KUNIT_EXPECT_EQ_MSG(t->test, memtype | ACRN_TEST_RW, t->attr[i],
				    "page %lu", i);
	}
	KUNIT_EXPECT_FALSE(t->test, t->twice);
}

static void acrn_test_expect_nothing(struct acrn_test *t)
{
	acrn_test_expect(t, 0, 0, 0);
	KUNIT_EXPECT_TRUE(t->test, list_empty(&t->vm->owned));
	KUNIT_EXPECT_TRUE(t->test, vma_owner_mock_is_idle(t->m));
}

static void acrn_test_mmap(struct kunit *test, unsigned int what,
			   unsigned long prot)
{
	struct acrn_test *t = test->priv;

	t->m = vma_owner_mock(test, what);
	KUNIT_ASSERT_NOT_NULL(test, t->m);
	t->m->type = VMA_OWNER_MMIO;
	t->addr = vma_owner_mock_mmap(t->m, prot);
}

static int acrn_test_init(struct kunit *test)
{
	struct acrn_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->vm = kunit_kzalloc(test, sizeof(*t->vm), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->vm);
	/* As acrn_vm_create() leaves it */
	t->vmid = ACRN_TEST_VMID;
	t->vm->vmid = ACRN_TEST_VMID;
	mutex_init(&t->vm->regions_mapping_lock);
	acrn_vm_owned_init(t->vm);
	acrn_vm_owned_begin(t->vm);
	test->priv = t;
	kunit_activate_static_stub(test, acrn_mm_set_regions,
				   acrn_test_set_regions);
	kunit_activate_static_stub(test, hcall_destroy_vm,
				   acrn_test_destroy_vm);
	return 0;
}

static void acrn_test_exit(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	if (!t)
		return;
	/* A test that failed may leave some */
	t->destroyed = false;
	acrn_vm_owned_end(t->vm);
}

/* ---- cases ---- */

static void acrn_maps_uncached(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	KUNIT_EXPECT_EQ(test, 1, vma_owner_mock_refs(t->m));
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static void acrn_maps_a_part(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 1, 2));
	acrn_test_expect(t, 1, 2, ACRN_MEM_TYPE_UC);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 1, 2));
	acrn_test_expect_nothing(t);
}

/* One region for each extent, by one call */
static void acrn_maps_what_is_scattered(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED,
		       PROT_READ | PROT_WRITE);
	t->m->type = VMA_OWNER_RAM;
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 1, t->hcalls);
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_WB);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static int acrn_test_get_fixed(void *obj, u64 offset, u64 len,
			       struct vma_owner_extents *x)
{
	struct acrn_test *t = kunit_get_current_test()->priv;
	int ret = t->m->ops.get_extents(obj, offset, len, x);

	x->type = VMA_OWNER_RAM_FIXED;
	x->prot = t->prot;
	return ret;
}

static void acrn_test_expect_fixed(struct kunit *test, pgprot_t prot,
				   u32 memtype)
{
	struct acrn_test *t = test->priv;

	t->prot = prot;
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect(t, 0, VOM_PAGES, memtype);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static void acrn_maps_as_the_owner_does(struct kunit *test)
{
	bool has_wc = pgprot_val(pgprot_writecombine(PAGE_KERNEL)) !=
		      pgprot_val(pgprot_noncached(PAGE_KERNEL));
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	t->ops = t->m->ops;
	t->ops.get_extents = acrn_test_get_fixed;
	t->m->shown_ops = &t->ops;
	acrn_test_expect_fixed(test, PAGE_KERNEL, ACRN_MEM_TYPE_WB);
	/* Without PAT it is uncached */
	acrn_test_expect_fixed(test, pgprot_writecombine(PAGE_KERNEL),
			       has_wc ? ACRN_MEM_TYPE_WC : ACRN_MEM_TYPE_UC);
	acrn_test_expect_fixed(test, pgprot_noncached(PAGE_KERNEL),
			       ACRN_MEM_TYPE_UC);
}

static void acrn_takes_no_part_of_a_page(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED | VOM_HALVES,
		       PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_EQ(test, -EINVAL, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 0, t->hcalls);
	acrn_test_expect_nothing(t);
}

static void acrn_comes_and_goes(struct kunit *test)
{
	struct acrn_test *t = test->priv;
	int i;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	for (i = 0; i < 3; i++) {
		vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
		acrn_test_expect(t, 0, 0, 0);
		vma_owner_restore(t->m->revoke);
		acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	}
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static void acrn_goes_for_good(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_PERMANENT);
	acrn_test_expect(t, 0, 0, 0);
	KUNIT_EXPECT_EQ(test, 2, t->hcalls);
	/* Nobody is told a second time */
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 2, t->hcalls);
	KUNIT_EXPECT_EQ(test, -ENODEV, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

/* It is not put into the EPT when it comes back, if it is unmapped by then */
static void acrn_is_unmapped_while_away(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	vma_owner_restore(t->m->revoke);
	acrn_test_expect_nothing(t);
}

static void acrn_maps_it_once(struct kunit *test)
{
	struct acrn_vm_memmap memmap;
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, -EEXIST, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, -EEXIST, acrn_test_map(t, VOM_PAGES - 1, 1));
	/* Nor is a BAR that is named by its address */
	memmap = acrn_test_memmap(t, 1, 1);
	memmap.type = ACRN_MEMMAP_MMIO;
	memmap.service_vm_pa = 0xfe000000;
	KUNIT_EXPECT_EQ(test, -EEXIST, acrn_vm_memseg_map(t->vm, &memmap));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	/* As it was, or not at all */
	KUNIT_EXPECT_EQ(test, -EINVAL, acrn_test_unmap(t, 0, 1));
	KUNIT_EXPECT_EQ(test, -EINVAL, acrn_test_unmap(t, 0, VOM_PAGES + 1));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
	/* And beside it is room */
	memmap = acrn_test_memmap(t, VOM_PAGES, 1);
	memmap.type = ACRN_MEMMAP_MMIO;
	memmap.service_vm_pa = 0xfe000000;
	KUNIT_EXPECT_EQ(test, 0, acrn_vm_memseg_map(t->vm, &memmap));
	KUNIT_EXPECT_EQ(test, 0xfe000000, t->ept[VOM_PAGES]);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, VOM_PAGES, 1));
	acrn_test_expect_nothing(t);
}

/* Behind it is ordinary memory, or nothing */
static void acrn_takes_no_more_than_there_is(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	vma_owner_mock_cut(t->m, t->addr, true);
	KUNIT_EXPECT_EQ(test, -EINVAL, acrn_test_map(t, 0, VOM_PAGES));
	vma_owner_mock_cut(t->m, t->addr, false);
	KUNIT_EXPECT_EQ(test, -EINVAL, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 0, t->hcalls);
	acrn_test_expect_nothing(t);
}

static void acrn_asks_for_permission(struct kunit *test)
{
	struct acrn_vm_memmap memmap;
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ);
	KUNIT_EXPECT_EQ(test, -EFAULT, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
	memmap = acrn_test_memmap(t, 0, VOM_PAGES);
	memmap.attr = ACRN_MEM_ACCESS_READ;
	KUNIT_ASSERT_EQ(test, 0, acrn_vm_memseg_map(t->vm, &memmap));
	KUNIT_EXPECT_EQ(test, ACRN_MEM_ACCESS_READ | ACRN_MEM_TYPE_UC, t->attr[0]);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

/* What was done of a call that fails is undone */
static void acrn_hypervisor_refuses(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED,
		       PROT_READ | PROT_WRITE);
	t->fail_at = 1;
	t->done_of_failed = VOM_PAGES / 2;
	KUNIT_EXPECT_EQ(test, -EIO, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	/* When it comes back as well; the next time may be better */
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	t->fail_at = 1;
	vma_owner_restore(t->m->revoke);
	acrn_test_expect(t, 0, 0, 0);
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(t->m->revoke);
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static void acrn_owner_refuses(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	t->m->extents_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, -ENOSPC, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
	KUNIT_EXPECT_EQ(test, 0, t->hcalls);
}

/* Its number may be another's when it is gone */
static void acrn_gives_back_before_it_goes(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, 2));
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 2, 2));
	KUNIT_EXPECT_EQ(test, -EIO, acrn_vm_destroy(t->vm));
	KUNIT_EXPECT_TRUE(test, t->empty_when_destroyed);
	acrn_test_expect_nothing(t);
	/* It was not destroyed after all */
	t->destroyed = false;
	KUNIT_EXPECT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
	acrn_vm_owned_end(t->vm);
	acrn_test_expect_nothing(t);
	KUNIT_EXPECT_EQ(test, -ENODEV, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

/* The next VM of a file gets what is mapped from then on, and gives that back */
static void acrn_follows_the_vm_of_its_file(struct kunit *test)
{
	struct acrn_test *t = test->priv;
	struct acrn_vm_creation param = {};

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	acrn_vm_owned_end(t->vm);
	t->vm->vmid = ACRN_TEST_VMID + 1;
	acrn_vm_owned_begin(t->vm);
	t->vmid = ACRN_TEST_VMID + 1;
	KUNIT_EXPECT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	/* Another one beside it is refused before the hypervisor knows */
	KUNIT_EXPECT_NULL(test, acrn_vm_create(t->vm, &param));
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

/* RAM is pinned page by page, as it was */
static void acrn_maps_ram(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_ORDINARY, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_WB);
	KUNIT_EXPECT_TRUE(test, list_empty(&t->vm->owned));
	KUNIT_EXPECT_EQ(test, 1, t->vm->regions_mapping_count);
	acrn_vm_all_ram_unmap(t->vm);
	/* Not once more, for the next VM of the file */
	KUNIT_ASSERT_EQ(test, 0, t->vm->regions_mapping_count);
	acrn_vm_all_ram_unmap(t->vm);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
}

static bool acrn_test_raw_is_allowed(const struct vm_area_struct *vma)
{
	return true;
}

static void acrn_test_reserve(struct acrn_test *t, bool reserved)
{
	int i;

	for (i = 0; i < VOM_PAGES; i++) {
		if (reserved)
			SetPageReserved(t->m->pages[i]);
		else
			ClearPageReserved(t->m->pages[i]);
	}
}

/* What nobody owns, unless told to */
static void acrn_takes_no_raw_pfns(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_NOBODYS, PROT_READ | PROT_WRITE);
	acrn_test_reserve(t, true);
	KUNIT_EXPECT_EQ(test, -EFAULT, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 0, t->hcalls);
	acrn_test_expect_nothing(t);

	kunit_activate_static_stub(test, acrn_vm_raw_is_allowed,
				   acrn_test_raw_is_allowed);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_map(t, 0, VOM_PAGES));
	acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_WB);
	KUNIT_EXPECT_EQ(test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	acrn_test_expect_nothing(t);
	acrn_test_reserve(t, false);
}

/* Whatever the owner answers */
static void acrn_takes_no_raw_pfns_of_an_owner(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	kunit_activate_static_stub(test, acrn_vm_raw_is_allowed,
				   acrn_test_raw_is_allowed);
	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	acrn_test_reserve(t, true);
	t->m->tryget_err = -ENOENT;
	KUNIT_EXPECT_EQ(test, -EFAULT, acrn_test_map(t, 0, VOM_PAGES));
	t->m->tryget_err = -EPERM;
	KUNIT_EXPECT_EQ(test, -EPERM, acrn_test_map(t, 0, VOM_PAGES));
	KUNIT_EXPECT_EQ(test, 0, t->hcalls);
	acrn_test_expect_nothing(t);
	acrn_test_reserve(t, false);
}

static int acrn_test_map_once(void *data)
{
	struct acrn_test *t = data;
	int ret = acrn_test_map(t, 0, VOM_PAGES);

	if (!ret) {
		acrn_test_expect(t, 0, VOM_PAGES, ACRN_MEM_TYPE_UC);
		KUNIT_EXPECT_EQ(t->test, 0, acrn_test_unmap(t, 0, VOM_PAGES));
	}
	acrn_test_expect_nothing(t);
	return ret;
}

static void acrn_map_runs_out_of_memory(struct kunit *test)
{
	struct acrn_test *t = test->priv;

	acrn_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	/* Three of its own, the pin's, the extents', the call's */
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, acrn_test_map_once, t), 5);
}

static struct kunit_case acrn_test_cases[] = {
	KUNIT_CASE(acrn_maps_uncached),
	KUNIT_CASE(acrn_maps_a_part),
	KUNIT_CASE(acrn_maps_what_is_scattered),
	KUNIT_CASE(acrn_maps_as_the_owner_does),
	KUNIT_CASE(acrn_takes_no_part_of_a_page),
	KUNIT_CASE(acrn_comes_and_goes),
	KUNIT_CASE(acrn_goes_for_good),
	KUNIT_CASE(acrn_is_unmapped_while_away),
	KUNIT_CASE(acrn_maps_it_once),
	KUNIT_CASE(acrn_takes_no_more_than_there_is),
	KUNIT_CASE(acrn_asks_for_permission),
	KUNIT_CASE(acrn_hypervisor_refuses),
	KUNIT_CASE(acrn_owner_refuses),
	KUNIT_CASE(acrn_gives_back_before_it_goes),
	KUNIT_CASE(acrn_follows_the_vm_of_its_file),
	KUNIT_CASE(acrn_maps_ram),
	KUNIT_CASE(acrn_takes_no_raw_pfns),
	KUNIT_CASE(acrn_takes_no_raw_pfns_of_an_owner),
	KUNIT_CASE_SLOW(acrn_map_runs_out_of_memory),
	{}
};

static struct kunit_suite acrn_test_suite = {
	.name		= "vma_owner_acrn",
	.init		= acrn_test_init,
	.exit		= acrn_test_exit,
	.test_cases	= acrn_test_cases,
};

kunit_test_suite(acrn_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
