// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of other drivers' memory in a guest. Part of mshv_root_main.c, like
 * mshv_root_kunit.c. What the hypervisor would be told is put into a table of the
 * tests' own.
 */
#include <kunit/vma_owner.h>

struct owned_test {
	struct kunit		*test;
	struct mshv_partition	*partition;
	struct vma_owner_mock	*m;
	unsigned long		addr;
	u64			spa[VOM_PAGES];	/* pfns, by gfn */
	unsigned int		calls;
	unsigned int		fail_at;	/* 1: the next one to map */
	bool			twice;		/* mapped over what was there */
};

/* ---- the hypervisor ---- */

static int owned_test_map_mmio_pages(u64 partition_id, u64 gfn, u64 mmio_spa,
				     u64 numpgs)
{
	struct owned_test *t = kunit_get_current_test()->priv;
	u64 nr;

	t->calls++;
	if (t->fail_at && !--t->fail_at)
		return -EIO;
	KUNIT_EXPECT_LE(t->test, gfn - MMIO_TEST_GFN + numpgs, VOM_PAGES);
	for (nr = gfn - MMIO_TEST_GFN; numpgs-- && nr < VOM_PAGES; nr++) {
		t->twice |= t->spa[nr] != 0;
		t->spa[nr] = mmio_spa++;
	}
	return 0;
}

static int owned_test_unmap_gpa_pages(u64 partition_id, u64 gpa_target,
				      u64 page_count, u32 flags)
{
	struct owned_test *t = kunit_get_current_test()->priv;
	u64 nr;

	t->calls++;
	KUNIT_EXPECT_LE(t->test, gpa_target - MMIO_TEST_GFN + page_count,
			VOM_PAGES);
	for (nr = gpa_target - MMIO_TEST_GFN;
	     page_count-- && nr < VOM_PAGES; nr++)
		t->spa[nr] = 0;
	return 0;
}

/* ---- what user space asks ---- */

static struct mshv_user_mem_region owned_test_mem(struct owned_test *t, u8 flag)
{
	return (struct mshv_user_mem_region) {
		.size		= VOM_SIZE,
		.guest_pfn	= MMIO_TEST_GFN,
		.userspace_addr	= t->addr,
		.flags		= BIT(flag),
	};
}

static long owned_test_map(struct owned_test *t)
{
	struct mshv_user_mem_region mem;

	mem = owned_test_mem(t, MSHV_SET_MEM_BIT_WRITABLE);
	return mshv_map_user_memory(t->partition, &mem);
}

static long owned_test_unmap(struct owned_test *t)
{
	struct mshv_user_mem_region mem;

	mem = owned_test_mem(t, MSHV_SET_MEM_BIT_UNMAP);
	return mshv_unmap_user_memory(t->partition, &mem);
}

static void owned_test_expect(struct owned_test *t, bool mapped)
{
	unsigned long i;

	for (i = 0; i < VOM_PAGES; i++)
		KUNIT_EXPECT_EQ_MSG(t->test, mapped ?
				    PHYS_PFN(vma_owner_mock_phys(t->m, i * PAGE_SIZE)) :
				    0, t->spa[i], "page %lu", i);
	KUNIT_EXPECT_FALSE(t->test, t->twice);
}

static void owned_test_expect_nothing(struct owned_test *t)
{
	owned_test_expect(t, false);
	KUNIT_EXPECT_TRUE(t->test, hlist_empty(&t->partition->pt_mem_regions));
	KUNIT_EXPECT_TRUE(t->test, vma_owner_mock_is_idle(t->m));
}

static void owned_test_mmap(struct kunit *test, unsigned int what,
			    unsigned long prot)
{
	struct owned_test *t = test->priv;

	t->m = vma_owner_mock(test, what);
	KUNIT_ASSERT_NOT_NULL(test, t->m);
	t->m->type = VMA_OWNER_MMIO;
	t->addr = vma_owner_mock_mmap(t->m, prot);
}

static int owned_test_init(struct kunit *test)
{
	struct owned_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->test = test;
	t->partition = kunit_kzalloc(test, sizeof(*t->partition), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->partition);
	spin_lock_init(&t->partition->pt_mem_regions_lock);
	test->priv = t;
	kunit_activate_static_stub(test, hv_call_map_mmio_pages,
				   owned_test_map_mmio_pages);
	kunit_activate_static_stub(test, hv_call_unmap_gpa_pages,
				   owned_test_unmap_gpa_pages);
	return 0;
}

/* As the end of a partition: a test that failed may leave some */
static void owned_test_exit(struct kunit *test)
{
	struct owned_test *t = test->priv;
	struct mshv_mem_region *region;
	struct hlist_node *n;

	if (!t)
		return;
	hlist_for_each_entry_safe(region, n, &t->partition->pt_mem_regions,
				  hnode) {
		hlist_del(&region->hnode);
		mshv_region_put(region);
	}
}

/* ---- cases ---- */

static void owned_is_mapped(struct kunit *test)
{
	struct owned_test *t = test->priv;

	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, owned_test_map(t));
	owned_test_expect(t, true);
	KUNIT_EXPECT_EQ(test, 1, vma_owner_mock_refs(t->m));
	KUNIT_EXPECT_EQ(test, -EEXIST, owned_test_map(t));
	KUNIT_EXPECT_EQ(test, 0, owned_test_unmap(t));
	owned_test_expect_nothing(t);
}

static void owned_comes_and_goes(struct kunit *test)
{
	struct owned_test *t = test->priv;
	int i;

	owned_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED,
			PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, owned_test_map(t));
	for (i = 0; i < 3; i++) {
		owned_test_expect(t, true);
		vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
		owned_test_expect(t, false);
		vma_owner_restore(t->m->revoke);
	}
	owned_test_expect(t, true);
	KUNIT_EXPECT_EQ(test, 0, owned_test_unmap(t));
	owned_test_expect_nothing(t);
}

static void owned_goes_for_good(struct kunit *test)
{
	struct owned_test *t = test->priv;
	unsigned int calls;

	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, owned_test_map(t));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_PERMANENT);
	owned_test_expect(t, false);
	calls = t->calls;
	KUNIT_EXPECT_EQ(test, 0, owned_test_unmap(t));
	KUNIT_EXPECT_EQ(test, -ENODEV, owned_test_map(t));
	/* Nobody is told a second time */
	KUNIT_EXPECT_EQ(test, calls, t->calls);
	owned_test_expect_nothing(t);
}

static void owned_is_unmapped_while_away(struct kunit *test)
{
	struct owned_test *t = test->priv;

	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	KUNIT_ASSERT_EQ(test, 0, owned_test_map(t));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_EQ(test, 0, owned_test_unmap(t));
	vma_owner_restore(t->m->revoke);
	owned_test_expect_nothing(t);
}

/* Read-only, too short, of parts of pages, no device memory, refused by its owner */
static void owned_is_refused(struct kunit *test)
{
	struct owned_test *t = test->priv;

	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ);
	KUNIT_EXPECT_EQ(test, -EFAULT, owned_test_map(t));
	owned_test_expect_nothing(t);
	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	t->m->extents_err = -ENOSPC;
	KUNIT_EXPECT_EQ(test, -ENOSPC, owned_test_map(t));
	t->m->extents_err = 0;
	t->m->type = VMA_OWNER_RAM;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, owned_test_map(t));
	t->m->type = VMA_OWNER_MMIO;
	vma_owner_mock_cut(t->m, t->addr, false);
	KUNIT_EXPECT_EQ(test, -EINVAL, owned_test_map(t));
	owned_test_expect_nothing(t);
	owned_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED | VOM_HALVES,
			PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_EQ(test, -EINVAL, owned_test_map(t));
	KUNIT_EXPECT_EQ(test, 0, t->calls);
	owned_test_expect_nothing(t);
}

/* What was done of it is undone */
static void owned_is_refused_halfway(struct kunit *test)
{
	struct owned_test *t = test->priv;

	owned_test_mmap(test, VOM_REVOCABLE | VOM_SCATTERED,
			PROT_READ | PROT_WRITE);
	t->fail_at = 2;
	KUNIT_EXPECT_EQ(test, -EIO, owned_test_map(t));
	owned_test_expect_nothing(t);
	/* When it comes back as well; the next time may be better */
	KUNIT_ASSERT_EQ(test, 0, owned_test_map(t));
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	t->fail_at = 2;
	vma_owner_restore(t->m->revoke);
	owned_test_expect(t, false);
	vma_owner_revoke(t->m->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(t->m->revoke);
	owned_test_expect(t, true);
	KUNIT_EXPECT_EQ(test, 0, owned_test_unmap(t));
	owned_test_expect_nothing(t);
}

static void owned_by_nobody(struct kunit *test)
{
	struct owned_test *t = test->priv;

	owned_test_mmap(test, VOM_NOBODYS, PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_EQ(test, -EFAULT, owned_test_map(t));
	KUNIT_EXPECT_EQ(test, 0, t->calls);
	owned_test_expect_nothing(t);
}

/* Its owner may say what it likes: no pfns are taken */
static void owned_is_not_taken_raw(struct kunit *test)
{
	struct owned_test *t = test->priv;

	kunit_activate_static_stub(test, mshv_raw_is_allowed,
				   mmio_test_raw_is_allowed);
	owned_test_mmap(test, VOM_REVOCABLE, PROT_READ | PROT_WRITE);
	t->m->tryget_err = -ENOENT;
	KUNIT_EXPECT_EQ(test, -EFAULT, owned_test_map(t));
	t->m->tryget_err = -EPERM;
	KUNIT_EXPECT_EQ(test, -EPERM, owned_test_map(t));
	KUNIT_EXPECT_EQ(test, 0, t->calls);
	owned_test_expect_nothing(t);
}

static struct kunit_case owned_test_cases[] = {
	KUNIT_CASE(owned_is_mapped),
	KUNIT_CASE(owned_comes_and_goes),
	KUNIT_CASE(owned_goes_for_good),
	KUNIT_CASE(owned_is_unmapped_while_away),
	KUNIT_CASE(owned_is_refused),
	KUNIT_CASE(owned_is_refused_halfway),
	KUNIT_CASE(owned_by_nobody),
	KUNIT_CASE(owned_is_not_taken_raw),
	{}
};

static struct kunit_suite owned_test_suite = {
	.name		= "vma_owner_mshv_owned",
	.init		= owned_test_init,
	.exit		= owned_test_exit,
	.test_cases	= owned_test_cases,
};

kunit_test_suite(owned_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
