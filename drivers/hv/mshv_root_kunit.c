// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of the device memory that is mapped to a guest. Part of
 * mshv_root_main.c, whose functions they call for a partition that no hypervisor
 * knows: what it would be told is noted instead.
 */
#include <kunit/static_stub.h>
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <linux/mman.h>

#define MMIO_TEST_PAGES		4
#define MMIO_TEST_SIZE		(MMIO_TEST_PAGES * PAGE_SIZE)
#define MMIO_TEST_GFN		0x12345
#define MMIO_TEST_PT_ID		77
/* Not where the memory is: a driver may have anything in vm_pgoff */
#define MMIO_TEST_PGOFF		0x4711

struct mmio_test {
	struct mshv_partition	*partition;
	struct file		*file;
	struct page		*pages;		/* stand for a BAR */
	unsigned long		addr;
	bool			lazy;		/* filled by faults */
	bool			reversed;	/* the last page comes first */
	unsigned int		filled;		/* pages that there are */
	/* What the hypervisor was told */
	int			map_ret;
	int			maps;
	int			unmaps;
	u64			gfn;
	u64			pfn;
	u64			nr;
};

/* ---- the hypervisor ---- */

static int mmio_test_map_mmio_pages(u64 partition_id, u64 gfn, u64 mmio_spa,
				    u64 numpgs)
{
	struct kunit *test = kunit_get_current_test();
	struct mmio_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, MMIO_TEST_PT_ID, partition_id);
	t->maps++;
	t->gfn = gfn;
	t->pfn = mmio_spa;
	t->nr = numpgs;
	return t->map_ret;
}

static int mmio_test_unmap_gpa_pages(u64 partition_id, u64 gpa_target,
				     u64 page_count, u32 flags)
{
	struct kunit *test = kunit_get_current_test();
	struct mmio_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, MMIO_TEST_PT_ID, partition_id);
	KUNIT_EXPECT_EQ(test, t->gfn, gpa_target);
	KUNIT_EXPECT_EQ(test, t->nr, page_count);
	KUNIT_EXPECT_EQ(test, 0, flags);
	t->unmaps++;
	return 0;
}

/* ---- the device ---- */

static unsigned long mmio_test_pfn(const struct mmio_test *t, unsigned long nr)
{
	return page_to_pfn(t->pages) +
	       (t->reversed ? MMIO_TEST_PAGES - 1 - nr : nr);
}

static vm_fault_t mmio_test_fault(struct vm_fault *vmf)
{
	struct mmio_test *t = vmf->vma->vm_private_data;
	unsigned long nr = vmf->pgoff - MMIO_TEST_PGOFF;

	if (!t->lazy || nr >= t->filled)
		return VM_FAULT_SIGBUS;
	return vmf_insert_pfn(vmf->vma, vmf->address, mmio_test_pfn(t, nr));
}

static const struct vm_operations_struct mmio_test_vm_ops = {
	.fault	= mmio_test_fault,
};

static int mmio_test_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mmio_test *t = file->private_data;
	unsigned long nr;
	int ret = 0;

	vm_flags_set(vma, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &mmio_test_vm_ops;
	vma->vm_private_data = t;
	for (nr = 0; !t->lazy && !ret && nr < t->filled; nr++)
		ret = remap_pfn_range(vma, vma->vm_start + nr * PAGE_SIZE,
				      mmio_test_pfn(t, nr), PAGE_SIZE,
				      vma->vm_page_prot);
	return ret;
}

static const struct file_operations mmio_test_fops = {
	.mmap	= mmio_test_mmap,
};

static void mmio_test_mmap_it(struct kunit *test, unsigned long prot)
{
	struct mmio_test *t = test->priv;

	t->addr = kunit_vm_mmap(test, t->file, 0, MMIO_TEST_SIZE, prot,
				MAP_SHARED, MMIO_TEST_PGOFF * PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, !t->addr || IS_ERR_VALUE(t->addr));
}

/* ---- what user space asks ---- */

static struct mshv_user_mem_region mmio_test_mem(const struct mmio_test *t,
						 unsigned long first,
						 unsigned long nr, int flag)
{
	return (struct mshv_user_mem_region) {
		.size		= nr * PAGE_SIZE,
		.guest_pfn	= MMIO_TEST_GFN,
		.userspace_addr	= t->addr + first * PAGE_SIZE,
		.flags		= BIT(flag),
	};
}

static long mmio_test_map(struct mmio_test *t, unsigned long first,
			  unsigned long nr)
{
	struct mshv_user_mem_region mem =
		mmio_test_mem(t, first, nr, MSHV_SET_MEM_BIT_WRITABLE);

	return mshv_map_user_memory(t->partition, &mem);
}

static long mmio_test_unmap(struct mmio_test *t, unsigned long first,
			    unsigned long nr)
{
	struct mshv_user_mem_region mem =
		mmio_test_mem(t, first, nr, MSHV_SET_MEM_BIT_UNMAP);

	return mshv_unmap_user_memory(t->partition, &mem);
}

static void mmio_test_expect_mapped(struct kunit *test, unsigned long first,
				    unsigned long nr)
{
	struct mmio_test *t = test->priv;

	KUNIT_ASSERT_EQ(test, 0, mmio_test_map(t, first, nr));
	KUNIT_EXPECT_EQ(test, 1, t->maps);
	KUNIT_EXPECT_EQ(test, MMIO_TEST_GFN, t->gfn);
	KUNIT_EXPECT_EQ(test, mmio_test_pfn(t, first), t->pfn);
	KUNIT_EXPECT_EQ(test, nr, t->nr);
	KUNIT_EXPECT_EQ(test, 0, t->unmaps);
	KUNIT_EXPECT_EQ(test, 0, mmio_test_unmap(t, first, nr));
	KUNIT_EXPECT_EQ(test, 1, t->unmaps);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&t->partition->pt_mem_regions));
}

static void mmio_test_expect_refused(struct kunit *test, unsigned long first,
				     unsigned long nr, long ret)
{
	struct mmio_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, ret, mmio_test_map(t, first, nr));
	KUNIT_EXPECT_EQ(test, 0, t->maps);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&t->partition->pt_mem_regions));
}

static int mmio_test_init(struct kunit *test)
{
	struct mmio_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->partition = kunit_kzalloc(test, sizeof(*t->partition), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->partition);
	t->partition->pt_id = MMIO_TEST_PT_ID;
	spin_lock_init(&t->partition->pt_mem_regions_lock);
	t->filled = MMIO_TEST_PAGES;
	t->pages = alloc_pages(GFP_KERNEL | __GFP_ZERO,
			       get_order(MMIO_TEST_SIZE));
	KUNIT_ASSERT_NOT_NULL(test, t->pages);
	test->priv = t;
	t->file = anon_inode_getfile("[mmio_test]", &mmio_test_fops, t, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->file));
	kunit_activate_static_stub(test, hv_call_map_mmio_pages,
				   mmio_test_map_mmio_pages);
	kunit_activate_static_stub(test, hv_call_unmap_gpa_pages,
				   mmio_test_unmap_gpa_pages);
	return 0;
}

static void mmio_test_exit(struct kunit *test)
{
	struct mmio_test *t = test->priv;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->file))
		fput(t->file);
	__free_pages(t->pages, get_order(MMIO_TEST_SIZE));
}

/* ---- cases ---- */

static void mmio_is_where_the_page_table_says(struct kunit *test)
{
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_mapped(test, 0, MMIO_TEST_PAGES);
}

static void mmio_from_the_middle(struct kunit *test)
{
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_mapped(test, 1, 2);
}

/* As vfio-pci does: nobody has accessed it yet */
static void mmio_is_faulted_in(struct kunit *test)
{
	struct mmio_test *t = test->priv;

	t->lazy = true;
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_mapped(test, 0, MMIO_TEST_PAGES);
}

/* There was a check of the first page only */
static void mmio_beyond_the_mapping(struct kunit *test)
{
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_refused(test, 0, MMIO_TEST_PAGES + 1, -EINVAL);
	mmio_test_expect_refused(test, MMIO_TEST_PAGES - 1, 2, -EINVAL);
}

static void mmio_is_not_contiguous(struct kunit *test)
{
	struct mmio_test *t = test->priv;

	t->reversed = true;
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_refused(test, 0, MMIO_TEST_PAGES, -EINVAL);
}

/* Part of it is not there, neither now nor when it is accessed */
static void mmio_has_a_hole(struct kunit *test)
{
	struct mmio_test *t = test->priv;

	t->filled = MMIO_TEST_PAGES - 1;
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	mmio_test_expect_refused(test, 0, MMIO_TEST_PAGES, -EFAULT);
}

/* To the guest it is mapped writable, whatever it asks for */
static void mmio_is_read_only(struct kunit *test)
{
	mmio_test_mmap_it(test, PROT_READ);
	mmio_test_expect_refused(test, 0, MMIO_TEST_PAGES, -EFAULT);
}

static void mmio_is_refused_by_the_hypervisor(struct kunit *test)
{
	struct mmio_test *t = test->priv;

	t->map_ret = -EIO;
	mmio_test_mmap_it(test, PROT_READ | PROT_WRITE);
	KUNIT_EXPECT_EQ(test, -EIO, mmio_test_map(t, 0, MMIO_TEST_PAGES));
	KUNIT_EXPECT_EQ(test, 1, t->maps);
	KUNIT_EXPECT_TRUE(test, hlist_empty(&t->partition->pt_mem_regions));
	t->map_ret = 0;
	KUNIT_EXPECT_EQ(test, 0, mmio_test_map(t, 0, MMIO_TEST_PAGES));
	KUNIT_EXPECT_EQ(test, 0, mmio_test_unmap(t, 0, MMIO_TEST_PAGES));
}

static struct kunit_case mmio_test_cases[] = {
	KUNIT_CASE(mmio_is_where_the_page_table_says),
	KUNIT_CASE(mmio_from_the_middle),
	KUNIT_CASE(mmio_is_faulted_in),
	KUNIT_CASE(mmio_beyond_the_mapping),
	KUNIT_CASE(mmio_is_not_contiguous),
	KUNIT_CASE(mmio_has_a_hole),
	KUNIT_CASE(mmio_is_read_only),
	KUNIT_CASE(mmio_is_refused_by_the_hypervisor),
	{}
};

static struct kunit_suite mmio_test_suite = {
	.name		= "vma_owner_mshv",
	.init		= mmio_test_init,
	.exit		= mmio_test_exit,
	.test_cases	= mmio_test_cases,
};

kunit_test_suite(mmio_test_suite);
