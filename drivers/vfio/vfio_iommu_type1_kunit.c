// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of memory with an owner in the mappings of type1. Part of
 * vfio_iommu_type1.c, whose functions they call. The domains are theirs: page
 * tables that no device looks at, and that can be told to fail.
 *
 * Most map RAM, four pages that somebody owns, and RAM, by one call.
 */
#include <kunit/test.h>
#include <kunit/vma_owner_iommu.h>
#include <linux/uaccess.h>

#define TYPE1_TEST_RW		(VFIO_DMA_MAP_FLAG_READ | \
				 VFIO_DMA_MAP_FLAG_WRITE)

struct type1_test_domain {
	struct vfio_domain	vfio;
	bool			attached;
};

struct type1_test {
	struct kunit		*test;
	struct vfio_iommu	*iommu;
	struct vma_owner_mock	*m;
	unsigned long		addr;
	phys_addr_t		ram[VOM_IO_PAGES];
	struct vom_io_table	table[2];
	struct type1_test_domain domain[2];
	struct vma_owner_obj_ops ops;
	size_t			pos;		/* of what is mapped next */
	bool			huge;
	bool			raw;
};

/* ---- a domain ---- */

/* As vfio_iommu_type1_attach_group() for a group that gets its own domain */
static int type1_test_attach(struct type1_test *t, int nr)
{
	struct type1_test_domain *d = &t->domain[nr];
	int ret;

	guard(mutex)(&t->iommu->lock);
	ret = vfio_iommu_replay(t->iommu, &d->vfio);
	if (ret) {
		vfio_owned_attach_failed(t->iommu);
		/* It is freed */
		memset(t->table[nr].phys, 0, sizeof(t->table[nr].phys));
		return ret;
	}
	vfio_owned_attached(t->iommu, &d->vfio);
	vfio_update_pgsize_bitmap(t->iommu);
	d->attached = true;
	return 0;
}

/* As vfio_iommu_type1_detach_group(): what is in it goes with the domain */
static void type1_test_detach(struct type1_test *t, int nr, bool emulated)
{
	struct type1_test_domain *d = &t->domain[nr];

	guard(mutex)(&t->iommu->lock);
	if (list_is_singular(&t->iommu->domain_list)) {
		if (emulated)
			vfio_iommu_unmap_unpin_reaccount(t->iommu);
		else
			vfio_iommu_unmap_unpin_all(t->iommu);
	} else {
		memset(t->table[nr].phys, 0, sizeof(t->table[nr].phys));
	}
	vfio_owned_detached(t->iommu, &d->vfio);
	d->attached = false;
}

/* ---- the memory ---- */

static void type1_test_mmap(struct kunit *test, unsigned long prot)
{
	struct type1_test *t = test->priv;

	t->addr = vom_io_mmap(test, t->m, prot, t->ram);
}

static void type1_test_make_bar(struct type1_test *t)
{
	vom_io_make_bar(t->m);
	t->huge = true;
}

static phys_addr_t type1_test_owned(struct type1_test *t, unsigned long offset)
{
	return t->huge ? VOM_IO_BAR + offset :
			 vma_owner_mock_phys(t->m, offset);
}

static void type1_test_revoke(struct type1_test *t)
{
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
}

static void type1_test_restore(struct type1_test *t)
{
	vma_owner_restore(t->m->revoke);
}

/* ---- mappings ---- */

static int type1_test_map_at(struct type1_test *t, unsigned long addr,
			     size_t size, u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz	= sizeof(map),
		.flags	= flags,
		.vaddr	= addr,
		.iova	= VOM_IO_IOVA + t->pos,
		.size	= size,
	};

	return vfio_dma_do_map(t->iommu, &map);
}

static int type1_test_map(struct type1_test *t)
{
	return type1_test_map_at(t, t->addr, VOM_IO_SIZE, TYPE1_TEST_RW);
}

/* How much it was */
static size_t type1_test_unmap(struct type1_test *t)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz	= sizeof(unmap),
		.iova	= VOM_IO_IOVA,
		.size	= VOM_IO_SIZE,
	};

	return vfio_dma_do_unmap(t->iommu, &unmap, NULL) ? 0 : unmap.size;
}

/* Is this in that domain, and nothing else? */
static void type1_test_expect(struct type1_test *t, int nr, bool ram,
			      bool owned)
{
	struct vom_io_table *table = &t->table[nr];
	unsigned long i;

	for (i = 0; i < VOM_IO_PAGES; i++) {
		phys_addr_t due = ram ? t->ram[i] : 0;
		int prot = IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE;

		if (!t->ram[i]) {
			unsigned long offset = (i - VOM_IO_SIDE) *
					       PAGE_SIZE;

			due = owned ? type1_test_owned(t, offset) : 0;
			prot ^= IOMMU_CACHE | IOMMU_MMIO;
		}
		KUNIT_EXPECT_EQ_MSG(t->test, due, table->phys[i],
				    "domain %d, page %lu", nr, i);
		if (due)
			KUNIT_EXPECT_EQ_MSG(t->test, prot, table->prot[i],
					    "domain %d, page %lu", nr, i);
	}
	KUNIT_EXPECT_FALSE(t->test, table->twice);
}

/* Nothing is mapped, held or charged */
static void type1_test_expect_nothing(struct type1_test *t)
{
	type1_test_expect(t, 0, false, false);
	type1_test_expect(t, 1, false, false);
	KUNIT_EXPECT_TRUE(t->test, vma_owner_mock_is_idle(t->m));
	vom_io_expect_unpinned(t->test, t->ram);
	KUNIT_EXPECT_EQ(t->test, 0, current->mm->locked_vm);
}

static void type1_test_end_of_mapping(struct type1_test *t)
{
	KUNIT_EXPECT_EQ(t->test, VOM_IO_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);
}

static int type1_test_init(struct kunit *test)
{
	struct type1_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	struct vfio_iommu *iommu;
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->raw = allow_raw_pfns;
	t->m = vma_owner_mock(test, VOM_REVOCABLE);
	t->m->type = VMA_OWNER_MMIO;
	for (i = 0; i < ARRAY_SIZE(t->table); i++) {
		vom_io_init(&t->table[i]);
		t->domain[i].vfio.domain = &t->table[i].domain;
		INIT_LIST_HEAD(&t->domain[i].vfio.group_list);
	}
	iommu = vfio_iommu_type1_open(VFIO_TYPE1v2_IOMMU);
	KUNIT_ASSERT_FALSE(test, IS_ERR(iommu));
	t->iommu = iommu;
	test->priv = t;
	type1_test_mmap(test, PROT_READ | PROT_WRITE);
	return type1_test_attach(t, 0);
}

static void type1_test_exit(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int i;

	if (!t)
		return;
	disable_hugepages = false;
	allow_raw_pfns = t->raw;
	vfio_iommu_unmap_unpin_all(t->iommu);
	for (i = 0; i < ARRAY_SIZE(t->table); i++) {
		if (t->domain[i].attached)
			list_del(&t->domain[i].vfio.next);
	}
	vfio_iommu_type1_release(t->iommu);
}

/* ---- cases ---- */

static void type1_maps_both_kinds(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, 2 * VOM_IO_SIDE, current->mm->locked_vm);
	type1_test_end_of_mapping(t);
}

static void type1_comes_and_goes(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	for (i = 0; i < 3; i++) {
		type1_test_revoke(t);
		type1_test_expect(t, 0, true, false);
		type1_test_restore(t);
		type1_test_expect(t, 0, true, true);
	}
	type1_test_end_of_mapping(t);
}

static void type1_unmaps_what_was_taken_back(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_revoke(t);
	type1_test_end_of_mapping(t);
	type1_test_restore(t);
	type1_test_expect_nothing(t);
}

static void type1_unmaps_what_is_gone(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_PERMANENT);
	type1_test_expect(t, 0, true, false);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(t->m));
	type1_test_end_of_mapping(t);
}

static void type1_refuses_what_is_revoked(struct kunit *test)
{
	struct type1_test *t = test->priv;

	type1_test_revoke(t);
	KUNIT_EXPECT_EQ(test, -ENODEV, type1_test_map(t));
	type1_test_expect_nothing(t);
	type1_test_restore(t);
	KUNIT_EXPECT_EQ(test, 0, type1_test_map(t));
	type1_test_expect(t, 0, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_asks_again_after_a_reset(struct kunit *test)
{
	struct type1_test *t = test->priv;

	t->m->in_revocable = vom_io_reset;
	KUNIT_EXPECT_EQ(test, 0, type1_test_map(t));
	KUNIT_EXPECT_NULL(test, t->m->in_revocable);
	type1_test_expect(t, 0, true, true);
	type1_test_end_of_mapping(t);
}

/* Mapped before there was a domain, as with emulated devices alone */
static void type1_replays(struct kunit *test)
{
	struct type1_test *t = test->priv;

	type1_test_detach(t, 0, false);
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_expect_nothing(t);
	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 0));
	type1_test_expect(t, 0, true, true);
	type1_test_revoke(t);
	type1_test_expect(t, 0, true, false);
	type1_test_restore(t);
	type1_test_expect(t, 0, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_does_not_replay_what_is_revoked(struct kunit *test)
{
	struct type1_test *t = test->priv;

	type1_test_detach(t, 0, false);
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_revoke(t);
	KUNIT_EXPECT_EQ(test, -ENODEV, type1_test_attach(t, 0));
	type1_test_expect_nothing(t);
	type1_test_restore(t);
	type1_test_expect_nothing(t);
	KUNIT_EXPECT_EQ(test, 0, type1_test_attach(t, 0));
	type1_test_expect(t, 0, true, true);
	type1_test_end_of_mapping(t);
}

/* The last domain goes, the mappings stay for emulated devices */
static void type1_pins_again_for_a_new_domain(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_detach(t, 0, true);
	type1_test_expect_nothing(t);
	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	type1_test_expect(t, 0, false, false);
	type1_test_expect(t, 1, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_maps_into_two_domains(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_revoke(t);
	for (i = 0; i < 2; i++)
		type1_test_expect(t, i, true, false);
	type1_test_restore(t);
	for (i = 0; i < 2; i++)
		type1_test_expect(t, i, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_attaches_a_second_domain(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	type1_test_expect(t, 1, true, true);
	type1_test_revoke(t);
	type1_test_expect(t, 0, true, false);
	type1_test_expect(t, 1, true, false);
	type1_test_detach(t, 1, false);
	type1_test_restore(t);
	type1_test_expect(t, 0, true, true);
	type1_test_expect(t, 1, false, false);
	type1_test_end_of_mapping(t);
}

static void type1_attaches_while_revoked(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	type1_test_revoke(t);
	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	type1_test_expect(t, 0, true, false);
	type1_test_expect(t, 1, true, false);
	type1_test_restore(t);
	type1_test_expect(t, 0, true, true);
	type1_test_expect(t, 1, true, true);
	type1_test_end_of_mapping(t);
}

/* It takes part before it is on the list */
static void type1_knows_who_is_attaching(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	KUNIT_ASSERT_EQ(test, 0,
			vfio_owned_attach(t->iommu, &t->domain[1].vfio));
	type1_test_expect(t, 1, false, true);
	type1_test_revoke(t);
	type1_test_expect(t, 1, false, false);
	type1_test_restore(t);
	type1_test_expect(t, 1, false, true);
	type1_test_revoke(t);
	vfio_owned_attach_failed(t->iommu);
	type1_test_restore(t);
	type1_test_expect(t, 1, false, false);
	type1_test_end_of_mapping(t);
}

/* The first of two segments is in it, and a device perhaps has it still */
static void type1_knows_who_failed_to_attach(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned long addr = t->addr + VOM_IO_OWNED;

	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	t->pos = VOM_SIZE;
	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	t->table[1].fail_at = VOM_PAGES + 1;
	KUNIT_ASSERT_EQ(test, -ENOMEM,
			vfio_owned_attach(t->iommu, &t->domain[1].vfio));
	KUNIT_EXPECT_NE(test, 0, t->table[1].phys[0]);
	type1_test_revoke(t);
	type1_test_expect(t, 1, false, false);
	vfio_owned_attach_failed(t->iommu);
	type1_test_restore(t);
	KUNIT_EXPECT_EQ(test, 2 * VOM_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);
}

/* Each call of the IOMMU's in turn, of the one domain and of the other */
static void type1_undoes_a_failed_map(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned int nr, at;

	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	for (nr = 0; nr < 2; nr++) {
		for (at = 1; ; at++) {
			t->table[nr].fail_at = at;
			if (!type1_test_map(t))
				break;
			type1_test_expect_nothing(t);
		}
		KUNIT_EXPECT_GT(test, at, VOM_PAGES + 2);
		t->table[nr].fail_at = 0;
		type1_test_end_of_mapping(t);
	}
}

static void type1_undoes_a_failed_attach(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned int at;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	for (at = 1; ; at++) {
		t->table[1].fail_at = at;
		if (!type1_test_attach(t, 1))
			break;
		type1_test_revoke(t);
		type1_test_expect(t, 0, true, false);
		type1_test_restore(t);
		type1_test_expect(t, 0, true, true);
		type1_test_expect(t, 1, false, false);
	}
	KUNIT_EXPECT_GT(test, at, VOM_PAGES + 2);
	type1_test_expect(t, 1, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_undoes_a_failed_replay(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned int at;

	type1_test_detach(t, 0, false);
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	for (at = 1; ; at++) {
		t->table[0].fail_at = at;
		if (!type1_test_attach(t, 0))
			break;
		type1_test_expect_nothing(t);
	}
	KUNIT_EXPECT_GT(test, at, VOM_PAGES + 2);
	type1_test_expect(t, 0, true, true);
	type1_test_end_of_mapping(t);
}

static void type1_stays_unmapped_if_it_must(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int nr;

	KUNIT_ASSERT_EQ(test, 0, type1_test_attach(t, 1));
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	for (nr = 0; nr < 2; nr++) {
		type1_test_revoke(t);
		t->table[nr].fail_at = VOM_PAGES;
		type1_test_restore(t);
		type1_test_expect(t, 0, true, false);
		type1_test_expect(t, 1, true, false);
		type1_test_revoke(t);
		type1_test_restore(t);
		type1_test_expect(t, 0, true, true);
		type1_test_expect(t, 1, true, true);
	}
	type1_test_revoke(t);
	t->table[0].fail_at = 1;
	type1_test_restore(t);
	type1_test_end_of_mapping(t);
}

static void type1_does_without_mmio(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int i;

	t->table[0].no_mmio = true;
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	for (i = 0; i < VOM_IO_PAGES; i++) {
		KUNIT_EXPECT_NE(test, 0, t->table[0].phys[i]);
		KUNIT_EXPECT_EQ(test, IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE,
				t->table[0].prot[i]);
	}
	type1_test_end_of_mapping(t);
}

static void type1_maps_huge_pages(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned long addr = t->addr + VOM_IO_OWNED;

	type1_test_make_bar(t);
	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	KUNIT_EXPECT_EQ(test, 1, t->table[0].calls);
	KUNIT_EXPECT_EQ(test, VOM_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);

	t->table[0].calls = 0;
	disable_hugepages = true;
	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	KUNIT_EXPECT_EQ(test, VOM_PAGES, t->table[0].calls);
	KUNIT_EXPECT_EQ(test, VOM_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);

	/* A piece of it fails */
	t->table[0].fail_at = VOM_PAGES;
	KUNIT_EXPECT_EQ(test, -ENOMEM,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	type1_test_expect_nothing(t);
}

/* The permissions are those of GUP, and of a page fault */
static void type1_writes_what_it_may_not_read(struct kunit *test)
{
	struct type1_test *t = test->priv;
	unsigned long addr;

	type1_test_mmap(test, PROT_WRITE);
	addr = t->addr + VOM_IO_OWNED;
	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE,
					  VFIO_DMA_MAP_FLAG_WRITE));
	KUNIT_EXPECT_EQ(test, IOMMU_WRITE | IOMMU_MMIO, t->table[0].prot[0]);
	KUNIT_EXPECT_EQ(test, VOM_SIZE, type1_test_unmap(t));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			type1_test_map_at(t, addr, VOM_SIZE,
					  VFIO_DMA_MAP_FLAG_READ));

	type1_test_mmap(test, PROT_READ);
	addr = t->addr + VOM_IO_OWNED;
	KUNIT_EXPECT_EQ(test, -EFAULT,
			type1_test_map_at(t, addr, VOM_SIZE,
					  VFIO_DMA_MAP_FLAG_WRITE));
	KUNIT_ASSERT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE,
					  VFIO_DMA_MAP_FLAG_READ));
	KUNIT_EXPECT_EQ(test, IOMMU_READ | IOMMU_MMIO, t->table[0].prot[0]);
	KUNIT_EXPECT_EQ(test, VOM_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);
}

static void type1_takes_raw_pfns_if_allowed(struct kunit *test)
{
	struct vma_owner_mock *m = vma_owner_mock(test, VOM_NOBODYS);
	unsigned long addr = vma_owner_mock_mmap(m, PROT_READ | PROT_WRITE);
	struct type1_test *t = test->priv;
	int i;

	/* Of ordinary pages they are not taken */
	allow_raw_pfns = true;
	KUNIT_EXPECT_EQ(test, -EFAULT,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));

	for (i = 0; i < VOM_PAGES; i++)
		SetPageReserved(m->pages[i]);
	KUNIT_EXPECT_EQ(test, 0,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	for (i = 0; i < VOM_PAGES; i++) {
		KUNIT_EXPECT_EQ(test, page_to_phys(m->pages[i]),
				t->table[0].phys[i]);
		KUNIT_EXPECT_EQ(test, IOMMU_READ | IOMMU_WRITE | IOMMU_CACHE,
				t->table[0].prot[i]);
	}
	KUNIT_EXPECT_EQ(test, VOM_SIZE, type1_test_unmap(t));
	type1_test_expect_nothing(t);

	allow_raw_pfns = false;
	KUNIT_EXPECT_EQ(test, -EFAULT,
			type1_test_map_at(t, addr, VOM_SIZE, TYPE1_TEST_RW));
	type1_test_expect_nothing(t);
	for (i = 0; i < VOM_PAGES; i++)
		ClearPageReserved(m->pages[i]);
}

/* Whatever the owner answers */
static void type1_takes_no_raw_pfns_of_an_owner(struct kunit *test)
{
	struct type1_test *t = test->priv;
	int i;

	allow_raw_pfns = true;
	for (i = 0; i < VOM_PAGES; i++)
		SetPageReserved(t->m->pages[i]);
	t->m->tryget_err = -ENOENT;
	KUNIT_EXPECT_EQ(test, -EFAULT, type1_test_map(t));
	t->m->tryget_err = -EPERM;
	KUNIT_EXPECT_EQ(test, -EPERM, type1_test_map(t));
	type1_test_expect_nothing(t);
	for (i = 0; i < VOM_PAGES; i++)
		ClearPageReserved(t->m->pages[i]);
}

/* ---- every allocation fails in turn ---- */

static int type1_test_map_once(void *data)
{
	struct type1_test *t = data;
	int ret = type1_test_map(t);

	if (ret) {
		type1_test_expect_nothing(t);
	} else {
		type1_test_expect(t, 0, true, true);
		type1_test_end_of_mapping(t);
	}
	return ret;
}

static void type1_map_runs_out_of_memory(struct kunit *test)
{
	struct type1_test *t = test->priv;

	/* Its own record, the pin's, the extents', the IOMMU's */
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, type1_test_map_once, t),
			5);
}

static int type1_test_replay_once(void *data)
{
	struct type1_test *t = data;
	int ret = type1_test_attach(t, 0);

	if (ret) {
		type1_test_expect_nothing(t);
		return ret;
	}
	type1_test_expect(t, 0, true, true);
	type1_test_detach(t, 0, true);
	type1_test_expect_nothing(t);
	return 0;
}

static void type1_replay_runs_out_of_memory(struct kunit *test)
{
	struct type1_test *t = test->priv;

	type1_test_detach(t, 0, false);
	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, type1_test_replay_once,
						t),
			5);
}

static int type1_test_attach_once(void *data)
{
	struct type1_test *t = data;
	int ret = type1_test_attach(t, 1);

	type1_test_expect(t, 0, true, true);
	type1_test_expect(t, 1, !ret, !ret);
	if (!ret)
		type1_test_detach(t, 1, false);
	return ret;
}

static void type1_attach_runs_out_of_memory(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, type1_test_attach_once,
						t),
			VOM_PAGES + 2);
	type1_test_end_of_mapping(t);
}

static int type1_test_restore_once(void *data)
{
	struct type1_test *t = data;

	type1_test_revoke(t);
	type1_test_expect(t, 0, true, false);
	type1_test_restore(t);
	if (t->table[0].phys[VOM_IO_SIDE]) {
		type1_test_expect(t, 0, true, true);
		return 0;
	}
	type1_test_expect(t, 0, true, false);
	type1_test_revoke(t);
	type1_test_restore(t);
	type1_test_expect(t, 0, true, true);
	return -ENOMEM;
}

static void type1_restore_runs_out_of_memory(struct kunit *test)
{
	struct type1_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, type1_test_map(t));
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, type1_test_restore_once,
						t),
			VOM_PAGES + 1);
	type1_test_end_of_mapping(t);
}

static struct kunit_case type1_test_cases[] = {
	KUNIT_CASE(type1_maps_both_kinds),
	KUNIT_CASE(type1_comes_and_goes),
	KUNIT_CASE(type1_unmaps_what_was_taken_back),
	KUNIT_CASE(type1_unmaps_what_is_gone),
	KUNIT_CASE(type1_refuses_what_is_revoked),
	KUNIT_CASE(type1_asks_again_after_a_reset),
	KUNIT_CASE(type1_replays),
	KUNIT_CASE(type1_does_not_replay_what_is_revoked),
	KUNIT_CASE(type1_pins_again_for_a_new_domain),
	KUNIT_CASE(type1_maps_into_two_domains),
	KUNIT_CASE(type1_attaches_a_second_domain),
	KUNIT_CASE(type1_attaches_while_revoked),
	KUNIT_CASE(type1_knows_who_is_attaching),
	KUNIT_CASE(type1_knows_who_failed_to_attach),
	KUNIT_CASE(type1_undoes_a_failed_map),
	KUNIT_CASE(type1_undoes_a_failed_attach),
	KUNIT_CASE(type1_undoes_a_failed_replay),
	KUNIT_CASE(type1_stays_unmapped_if_it_must),
	KUNIT_CASE(type1_does_without_mmio),
	KUNIT_CASE(type1_maps_huge_pages),
	KUNIT_CASE(type1_writes_what_it_may_not_read),
	KUNIT_CASE(type1_takes_raw_pfns_if_allowed),
	KUNIT_CASE(type1_takes_no_raw_pfns_of_an_owner),
	KUNIT_CASE_SLOW(type1_map_runs_out_of_memory),
	KUNIT_CASE_SLOW(type1_replay_runs_out_of_memory),
	KUNIT_CASE_SLOW(type1_attach_runs_out_of_memory),
	KUNIT_CASE_SLOW(type1_restore_runs_out_of_memory),
	{}
};

static struct kunit_suite type1_test_suite = {
	.name		= "vma_owner_vfio_type1",
	.init		= type1_test_init,
	.exit		= type1_test_exit,
	.test_cases	= type1_test_cases,
};
kunit_test_suite(type1_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
