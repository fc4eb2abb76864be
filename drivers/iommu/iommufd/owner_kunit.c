// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of memory with an owner in the VFIO container of iommufd. Part of
 * owner.c, whose functions they call. The domains are theirs: page tables that
 * no device looks at, and that can be told to fail.
 *
 * Most map RAM, four pages that somebody owns, and RAM, by one call.
 */
#include <kunit/test.h>
#include <kunit/vma_owner_iommu.h>
#include <linux/cred.h>
#include <linux/iommufd.h>

#define COMPAT_TEST_RW		(IOMMU_CACHE | IOMMU_READ | IOMMU_WRITE)

struct compat_test {
	struct kunit		*test;
	struct iommufd_ctx	ictx;
	struct io_pagetable	iopt;
	struct vma_owner_mock	*m;
	unsigned long		addr;
	phys_addr_t		ram[VOM_IO_PAGES];
	struct vom_io_table	table[2];
	bool			bar;
};

/* ---- a domain ---- */

static int compat_test_attach(struct compat_test *t, int nr)
{
	return iopt_table_add_domain(&t->iopt, &t->table[nr].domain);
}

static void compat_test_detach(struct compat_test *t, int nr)
{
	iopt_table_remove_domain(&t->iopt, &t->table[nr].domain);
}

/* ---- the memory ---- */

static void compat_test_make_bar(struct compat_test *t)
{
	vom_io_make_bar(t->m);
	t->bar = true;
}

static void compat_test_revoke(struct compat_test *t)
{
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
}

static void compat_test_restore(struct compat_test *t)
{
	vma_owner_restore(t->m->revoke);
}

/* ---- mappings ---- */

static int compat_test_map_part(struct compat_test *t, unsigned long offset,
				size_t len, int prot)
{
	unsigned long iova = VOM_IO_IOVA + offset;

	return iopt_map_compat_pages(&t->ictx, &t->iopt, &iova,
				     (void __user *)(t->addr + offset), len,
				     prot);
}

static int compat_test_map(struct compat_test *t)
{
	return compat_test_map_part(t, 0, VOM_IO_SIZE, COMPAT_TEST_RW);
}

/* How much it was */
static unsigned long compat_test_unmap(struct compat_test *t)
{
	unsigned long unmapped = 0;

	KUNIT_EXPECT_EQ(t->test, 0,
			iopt_unmap_iova(&t->iopt, VOM_IO_IOVA,
					VOM_IO_SIZE, &unmapped));
	return unmapped;
}

static phys_addr_t compat_test_phys(struct compat_test *t, unsigned int nr)
{
	unsigned long offset = (nr - VOM_IO_SIDE) * PAGE_SIZE;

	if (!vom_io_is_owned(nr))
		return t->ram[nr];
	return t->bar ? VOM_IO_BAR + offset :
			vma_owner_mock_phys(t->m, offset);
}

/* What is in domain @nr: RAM, owned memory, both or nothing */
static void compat_test_expect(struct compat_test *t, int nr, bool ram,
			       bool owned)
{
	int rw = IOMMU_READ | IOMMU_WRITE, prot;
	struct vom_io_table *table = &t->table[nr];
	unsigned int i;
	bool due;

	for (i = 0; i < VOM_IO_PAGES; i++) {
		due = vom_io_is_owned(i) ? owned : ram;
		KUNIT_EXPECT_EQ_MSG(t->test,
				    due ? compat_test_phys(t, i) : 0,
				    table->phys[i], "domain %d, page %u", nr,
				    i);
		if (!due)
			continue;
		prot = t->bar && vom_io_is_owned(i) ? rw | IOMMU_MMIO :
							   rw | IOMMU_CACHE;
		KUNIT_EXPECT_EQ_MSG(t->test, prot, table->prot[i],
				    "domain %d, page %u", nr, i);
	}
	KUNIT_EXPECT_FALSE(t->test, table->twice);
}

/* No mapping holds anything */
static void compat_test_expect_nothing(struct compat_test *t)
{
	compat_test_expect(t, 0, false, false);
	compat_test_expect(t, 1, false, false);
	KUNIT_EXPECT_EQ(t->test, 0, vma_owner_mock_refs(t->m));
	vom_io_expect_unpinned(t->test, t->ram);
	/* What ends a case runs in a thread of its own */
	if (current->mm)
		KUNIT_EXPECT_EQ(t->test, 0,
				atomic64_read(&current->mm->pinned_vm));
}

static int compat_test_init(struct kunit *test)
{
	struct compat_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->ictx.account_mode = IOPT_PAGES_ACCOUNT_USER;
	t->m = vma_owner_mock(test, VOM_REVOCABLE | VOM_SCATTERED);
	iopt_init_table(&t->iopt);
	for (i = 0; i < ARRAY_SIZE(t->table); i++)
		vom_io_init(&t->table[i]);
	test->priv = t;
	t->addr = vom_io_mmap(test, t->m, PROT_READ | PROT_WRITE, t->ram);
	return compat_test_attach(t, 0);
}

static void compat_test_exit(struct kunit *test)
{
	struct compat_test *t = test->priv;
	struct iommu_domain *domain;

	if (!t)
		return;
	/* What a failed case left */
	iopt_unmap_all(&t->iopt, NULL);
	while ((domain = xa_load(&t->iopt.domains, 0)))
		iopt_table_remove_domain(&t->iopt, domain);
	iopt_destroy_table(&t->iopt);
	compat_test_expect_nothing(t);
	KUNIT_EXPECT_TRUE(test, vma_owner_mock_is_idle(t->m));
}

/* ---- one domain ---- */

static void compat_maps_both_kinds(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, 1, vma_owner_mock_refs(t->m));
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	compat_test_expect_nothing(t);
}

static void compat_comes_and_goes(struct kunit *test)
{
	struct compat_test *t = test->priv;
	int i;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	for (i = 0; i < 3; i++) {
		compat_test_revoke(t);
		compat_test_expect(t, 0, true, false);
		compat_test_restore(t);
		compat_test_expect(t, 0, true, true);
	}
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

static void compat_maps_device_memory(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned int calls;

	compat_test_make_bar(t);
	calls = t->table[0].calls;
	KUNIT_ASSERT_EQ(test, 0,
			compat_test_map_part(t, VOM_IO_OWNED, VOM_SIZE,
					     COMPAT_TEST_RW));
	compat_test_expect(t, 0, false, true);
	/* A huge page */
	KUNIT_EXPECT_EQ(test, calls + 1, t->table[0].calls);
	compat_test_revoke(t);
	compat_test_expect(t, 0, false, false);
	calls = t->table[0].calls;
	compat_test_restore(t);
	compat_test_expect(t, 0, false, true);
	KUNIT_EXPECT_EQ(test, calls + 1, t->table[0].calls);
}

/* VFIO_TYPE1_IOMMU, which wants to unmap any page */
static void compat_maps_small_pages(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned int calls;

	compat_test_make_bar(t);
	KUNIT_ASSERT_EQ(test, 0, iopt_disable_large_pages(&t->iopt));
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_expect(t, 0, true, true);
	compat_test_revoke(t);
	calls = t->table[0].calls;
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, calls + VOM_PAGES, t->table[0].calls);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

static void compat_unmaps_what_was_taken_back(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_revoke(t);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	compat_test_expect_nothing(t);
	compat_test_restore(t);
	compat_test_expect_nothing(t);
}

static void compat_unmaps_what_is_gone(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_PERMANENT);
	compat_test_expect(t, 0, true, false);
	KUNIT_EXPECT_EQ(test, 0, vma_owner_mock_refs(t->m));
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

static void compat_refuses_what_is_revoked(struct kunit *test)
{
	struct compat_test *t = test->priv;

	compat_test_revoke(t);
	KUNIT_EXPECT_EQ(test, -ENODEV, compat_test_map(t));
	compat_test_expect_nothing(t);
	compat_test_restore(t);
	compat_test_expect_nothing(t);
	KUNIT_EXPECT_EQ(test, 0, compat_test_map(t));
	compat_test_expect(t, 0, true, true);
}

static void compat_asks_again_after_a_reset(struct kunit *test)
{
	struct compat_test *t = test->priv;

	t->m->in_revocable = vom_io_reset;
	KUNIT_EXPECT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_NULL(test, t->m->in_revocable);
	compat_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	compat_test_expect_nothing(t);
}

/* A revoke may come as soon as there is a pin */
static void compat_is_told_before_it_has_pages(struct kunit *test)
{
	struct iopt_owner owner = {};

	iopt_owner_invalidate(&owner.pin, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, 0, iopt_owner_restore(&owner.pin));
}

/* ---- what is refused ---- */

static void compat_refuses_parts_of_pages(struct kunit *test)
{
	struct compat_test *t = test->priv;

	t->m->halves = true;
	KUNIT_EXPECT_EQ(test, -EINVAL, compat_test_map(t));
	compat_test_expect_nothing(t);
}

static void compat_refuses_the_end_of_an_object(struct kunit *test)
{
	struct compat_test *t = test->priv;

	t->m->size = VOM_SIZE - 100;
	KUNIT_EXPECT_EQ(test, -EINVAL, compat_test_map(t));
	compat_test_expect_nothing(t);
}

static void compat_refuses_holes(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, vm_munmap(t->addr, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT, compat_test_map(t));
	compat_test_expect_nothing(t);
	KUNIT_ASSERT_EQ(test, 0,
			vm_munmap(t->addr + VOM_IO_SIZE - PAGE_SIZE,
				  PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -EFAULT,
			compat_test_map_part(t, PAGE_SIZE,
					     VOM_IO_SIZE - PAGE_SIZE,
					     COMPAT_TEST_RW));
	compat_test_expect_nothing(t);
}

static void compat_refuses_odd_ranges(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, -EINVAL,
			compat_test_map_part(t, 0, 0, COMPAT_TEST_RW));
	KUNIT_EXPECT_EQ(test, -EOVERFLOW,
			compat_test_map_part(t, 0, -PAGE_SIZE, COMPAT_TEST_RW));
	compat_test_expect_nothing(t);
}

static struct iopt_area *compat_test_area(struct compat_test *t)
{
	unsigned long iova = VOM_IO_IOVA + VOM_IO_OWNED;
	struct iopt_area *area;

	down_read(&t->iopt.iova_rwsem);
	area = iopt_area_iter_first(&t->iopt, iova, iova);
	up_read(&t->iopt.iova_rwsem);
	KUNIT_ASSERT_NOT_NULL(t->test, area);
	return area;
}

static void compat_refuses_accesses(struct kunit *test)
{
	struct compat_test *t = test->priv;
	struct iopt_area *area;
	struct page *page;
	char byte;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	area = compat_test_area(t);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iopt_area_add_access(area, 0, 0, &page,
					     IOMMUFD_ACCESS_RW_READ, false));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			iopt_pages_rw_access(area->pages, 0, &byte, 1,
					     IOMMUFD_ACCESS_RW_READ));
}

/* The areas of RAM are split, that of the owner is not */
static void compat_refuses_to_split(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned long last = VOM_IO_IOVA + PAGE_SIZE - 1;

	KUNIT_ASSERT_EQ(test, 0, iopt_disable_large_pages(&t->iopt));
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_EQ(test, 0, iopt_cut_iova(&t->iopt, &last, 1));
	last += VOM_IO_OWNED;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, iopt_cut_iova(&t->iopt, &last, 1));
	compat_test_revoke(t);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

/* ---- whose memory it is ---- */

static void compat_charges_ram_only(struct kunit *test)
{
	struct compat_test *t = test->priv;
	s64 before = atomic64_read(&current->mm->pinned_vm);

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_EQ(test, before + 2 * VOM_IO_SIDE,
			atomic64_read(&current->mm->pinned_vm));
	compat_test_unmap(t);
	KUNIT_EXPECT_EQ(test, before, atomic64_read(&current->mm->pinned_vm));
}

/* As a container of VFIO is charged: the mm's locked memory, not the user's */
static void compat_charges_as_its_context_does(struct kunit *test)
{
	unsigned long before = current->mm->locked_vm;
	struct compat_test *t = test->priv;
	struct cred *cred = prepare_creds();
	const struct cred *old;
	int ret;

	/* Who has the capability is not charged at all */
	KUNIT_ASSERT_NOT_NULL(test, cred);
	cap_lower(cred->cap_effective, CAP_IPC_LOCK);
	t->ictx.account_mode = IOPT_PAGES_ACCOUNT_MM;
	old = override_creds(cred);
	ret = compat_test_map(t);
	put_cred(revert_creds(old));
	KUNIT_ASSERT_EQ(test, 0, ret);
	KUNIT_EXPECT_EQ(test, before + 2 * VOM_IO_SIDE, current->mm->locked_vm);
	compat_test_unmap(t);
	KUNIT_EXPECT_EQ(test, before, current->mm->locked_vm);
}

/* ---- domains that come and go ---- */

static void compat_maps_into_two_domains(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, true, true);
	compat_test_revoke(t);
	compat_test_expect(t, 0, true, false);
	compat_test_expect(t, 1, true, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, true, true);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	compat_test_expect_nothing(t);
}

static void compat_attaches_a_second_domain(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	compat_test_expect(t, 1, true, true);
	compat_test_revoke(t);
	compat_test_expect(t, 1, true, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, true, true);
	compat_test_detach(t, 0);
	compat_test_expect(t, 0, false, false);
	compat_test_revoke(t);
	compat_test_expect(t, 1, true, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, false, false);
	compat_test_expect(t, 1, true, true);
}

static void compat_attaches_while_revoked(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_revoke(t);
	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	compat_test_expect(t, 1, true, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, true, true);
}

static void compat_detaches_while_revoked(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_revoke(t);
	compat_test_detach(t, 0);
	compat_test_detach(t, 1);
	compat_test_expect(t, 0, false, false);
	compat_test_expect(t, 1, false, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, false, false);
	compat_test_expect(t, 1, false, false);
	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	compat_test_expect(t, 1, true, true);
}

static void compat_maps_without_domains(struct kunit *test)
{
	struct compat_test *t = test->priv;

	compat_test_detach(t, 0);
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_EQ(test, 1, vma_owner_mock_refs(t->m));
	compat_test_revoke(t);
	compat_test_restore(t);
	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 0));
	compat_test_expect(t, 0, true, true);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

/* As while it is unmapped, between the locks that iopt_unmap_iova() takes */
static void compat_comes_back_while_it_is_unmapped(struct kunit *test)
{
	struct compat_test *t = test->priv;
	struct iopt_pages *pages;
	struct iopt_area *area;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	area = compat_test_area(t);
	pages = area->pages;
	area->pages = NULL;
	compat_test_revoke(t);
	compat_test_expect(t, 0, true, false);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	area->pages = pages;
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
}

/* ---- what fails ---- */

static void compat_undoes_a_failed_map(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned int i, most;

	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	t->table[1].calls = 0;
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	most = t->table[1].calls;
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	for (i = 1; i <= most; i++) {
		t->table[1].fail_at = i;
		KUNIT_EXPECT_EQ(test, -ENOMEM, compat_test_map(t));
		compat_test_expect_nothing(t);
	}
	KUNIT_EXPECT_EQ(test, 0, compat_test_map(t));
	compat_test_expect(t, 1, true, true);
}

static void compat_undoes_a_failed_attach(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned int i, most;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	most = t->table[1].calls;
	compat_test_detach(t, 1);
	for (i = 1; i <= most; i++) {
		t->table[1].fail_at = i;
		KUNIT_EXPECT_EQ(test, -ENOMEM, compat_test_attach(t, 1));
		compat_test_expect(t, 0, true, true);
		compat_test_expect(t, 1, false, false);
	}
	compat_test_revoke(t);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, false, false);
}

/* It is tried again when the owner next returns it */
static void compat_stays_unmapped_if_it_must(struct kunit *test)
{
	struct compat_test *t = test->priv;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, 0, compat_test_attach(t, 1));
	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	for (i = 1; i <= VOM_PAGES; i++) {
		compat_test_revoke(t);
		t->table[1].fail_at = i;
		compat_test_restore(t);
		compat_test_expect(t, 0, true, false);
		compat_test_expect(t, 1, true, false);
		/* Nothing of a pin that maps nothing is live */
		KUNIT_EXPECT_EQ(test, atomic_read(&t->m->n.extents),
				atomic_read(&t->m->n.put_extents));
	}
	compat_test_revoke(t);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, true, true);

	compat_test_revoke(t);
	t->table[0].fail_at = 2;
	compat_test_restore(t);
	KUNIT_EXPECT_EQ(test, VOM_IO_SIZE, compat_test_unmap(t));
	compat_test_expect_nothing(t);
}

static void compat_stays_unmapped_without_extents(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	compat_test_revoke(t);
	t->m->extents_err = -ENOMEM;
	compat_test_restore(t);
	compat_test_expect(t, 0, true, false);
	compat_test_revoke(t);
	t->m->extents_err = 0;
	t->m->halves = true;
	compat_test_restore(t);
	compat_test_expect(t, 0, true, false);
	compat_test_revoke(t);
	t->m->halves = false;
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
}

/* ---- every allocation fails in turn ---- */

static int compat_test_map_once(void *data)
{
	struct compat_test *t = data;
	int ret = compat_test_map(t);

	if (!ret) {
		compat_test_expect(t, 0, true, true);
		compat_test_unmap(t);
	}
	compat_test_expect_nothing(t);
	return ret;
}

static void compat_map_runs_out_of_memory(struct kunit *test)
{
	struct compat_test *t = test->priv;

	/* Its own record, its pages, the pin's, the extents', the IOMMU's */
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, compat_test_map_once, t),
			5);
}

static int compat_test_attach_once(void *data)
{
	struct compat_test *t = data;
	int ret = compat_test_attach(t, 1);

	compat_test_expect(t, 0, true, true);
	compat_test_expect(t, 1, !ret, !ret);
	if (!ret)
		compat_test_detach(t, 1);
	return ret;
}

static void compat_attach_runs_out_of_memory(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, compat_test_attach_once,
						t),
			VOM_PAGES + 2);
}

static int compat_test_restore_once(void *data)
{
	struct compat_test *t = data;

	compat_test_revoke(t);
	compat_test_expect(t, 0, true, false);
	compat_test_restore(t);
	if (t->table[0].phys[VOM_IO_SIDE]) {
		compat_test_expect(t, 0, true, true);
		return 0;
	}
	compat_test_expect(t, 0, true, false);
	compat_test_revoke(t);
	compat_test_restore(t);
	compat_test_expect(t, 0, true, true);
	return -ENOMEM;
}

static void compat_restore_runs_out_of_memory(struct kunit *test)
{
	struct compat_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, compat_test_map(t));
	KUNIT_EXPECT_GE(test,
			vma_owner_mock_fail_nth(test, compat_test_restore_once,
						t),
			VOM_PAGES + 1);
	compat_test_expect(t, 0, true, true);
}

static struct kunit_case compat_test_cases[] = {
	KUNIT_CASE(compat_maps_both_kinds),
	KUNIT_CASE(compat_comes_and_goes),
	KUNIT_CASE(compat_maps_device_memory),
	KUNIT_CASE(compat_maps_small_pages),
	KUNIT_CASE(compat_unmaps_what_was_taken_back),
	KUNIT_CASE(compat_unmaps_what_is_gone),
	KUNIT_CASE(compat_refuses_what_is_revoked),
	KUNIT_CASE(compat_asks_again_after_a_reset),
	KUNIT_CASE(compat_is_told_before_it_has_pages),
	KUNIT_CASE(compat_refuses_parts_of_pages),
	KUNIT_CASE(compat_refuses_the_end_of_an_object),
	KUNIT_CASE(compat_refuses_holes),
	KUNIT_CASE(compat_refuses_odd_ranges),
	KUNIT_CASE(compat_refuses_accesses),
	KUNIT_CASE(compat_refuses_to_split),
	KUNIT_CASE(compat_charges_ram_only),
	KUNIT_CASE(compat_charges_as_its_context_does),
	KUNIT_CASE(compat_maps_into_two_domains),
	KUNIT_CASE(compat_attaches_a_second_domain),
	KUNIT_CASE(compat_attaches_while_revoked),
	KUNIT_CASE(compat_detaches_while_revoked),
	KUNIT_CASE(compat_maps_without_domains),
	KUNIT_CASE(compat_comes_back_while_it_is_unmapped),
	KUNIT_CASE(compat_undoes_a_failed_map),
	KUNIT_CASE(compat_undoes_a_failed_attach),
	KUNIT_CASE(compat_stays_unmapped_if_it_must),
	KUNIT_CASE(compat_stays_unmapped_without_extents),
	KUNIT_CASE_SLOW(compat_map_runs_out_of_memory),
	KUNIT_CASE_SLOW(compat_attach_runs_out_of_memory),
	KUNIT_CASE_SLOW(compat_restore_runs_out_of_memory),
	{}
};

static struct kunit_suite compat_test_suite = {
	.name		= "vma_owner_iommufd",
	.init		= compat_test_init,
	.exit		= compat_test_exit,
	.test_cases	= compat_test_cases,
};
kunit_test_suite(compat_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
