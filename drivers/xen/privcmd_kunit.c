// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of where privcmd looks for the page of an ioreq server. Part of
 * privcmd.c, whose functions they call, and whose mappings are made here without
 * a hypervisor: it never learns of them.
 */
#include <kunit/test.h>
#include <linux/anon_inodes.h>
#include <linux/sizes.h>

#define IOREQ_TEST_SIZE		SZ_64K

struct ioreq_test {
	struct file	*file;
	unsigned long	addr;		/* of an area, half of it a hole */
	unsigned long	at;		/* where the file is mapped behind it */
	struct page	*pages[1];	/* what a mapping of privcmd has */
};

/* ---- mappings ---- */

static const struct vm_operations_struct ioreq_test_vm_ops = {};

/* Another driver's, which has something else in its private data */
static int ioreq_test_mmap_other(struct file *file, struct vm_area_struct *vma)
{
	vma->vm_ops = &ioreq_test_vm_ops;
	vma->vm_private_data = file->private_data;
	return 0;
}

static const struct file_operations ioreq_test_other_fops = {
	.mmap	= ioreq_test_mmap_other,
};

static const struct file_operations ioreq_test_fops = {
	.mmap	= privcmd_mmap,
};

/*
 * What the private data of a mapping of privcmd's own is. A case ends with none:
 * pages would be given to the hypervisor when the mapping goes.
 */
static void ioreq_test_set(struct ioreq_test *t, void *private_data)
{
	struct vm_area_struct *vma;

	mmap_write_lock(current->mm);
	vma = vma_lookup(current->mm, t->at);
	if (vma && vma->vm_ops == &privcmd_vm_ops)
		vma->vm_private_data = private_data;
	mmap_write_unlock(current->mm);
}

static void ioreq_test_map(struct kunit *test,
			   const struct file_operations *fops)
{
	struct ioreq_test *t = test->priv;

	t->file = anon_inode_getfile("[ioreq_test]", fops, t->pages, O_RDWR);
	KUNIT_ASSERT_FALSE(test, IS_ERR(t->file));
	t->addr = kunit_vm_mmap(test, NULL, 0, 2 * IOREQ_TEST_SIZE, PROT_NONE,
				MAP_PRIVATE | MAP_ANONYMOUS, 0);
	KUNIT_ASSERT_FALSE(test, !t->addr || IS_ERR_VALUE(t->addr));
	t->at = t->addr + IOREQ_TEST_SIZE;
	KUNIT_ASSERT_EQ(test, t->at,
			vm_mmap(t->file, t->at, IOREQ_TEST_SIZE,
				PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
				0));
	/* The hole: find_vma() goes on to what is behind it */
	KUNIT_ASSERT_EQ(test, 0, vm_munmap(t->addr, IOREQ_TEST_SIZE));
}

static struct page *ioreq_test_find(unsigned long addr)
{
	struct page *page;

	mmap_read_lock(current->mm);
	page = privcmd_ioreq_page(current->mm, addr);
	mmap_read_unlock(current->mm);
	return page;
}

static int ioreq_test_init(struct kunit *test)
{
	struct ioreq_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, t);
	t->pages[0] = alloc_page(GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->pages[0]);
	test->priv = t;
	return kunit_attach_mm();
}

static void ioreq_test_exit(struct kunit *test)
{
	struct ioreq_test *t = test->priv;

	if (!t)
		return;
	if (!IS_ERR_OR_NULL(t->file))
		fput(t->file);
	__free_page(t->pages[0]);
}

/* ---- cases ---- */

static void ioreq_is_found(struct kunit *test)
{
	struct ioreq_test *t = test->priv;

	ioreq_test_map(test, &ioreq_test_fops);
	ioreq_test_set(t, t->pages);
	KUNIT_EXPECT_PTR_EQ(test, t->pages[0], ioreq_test_find(t->at));
	KUNIT_EXPECT_PTR_EQ(test, t->pages[0],
			    ioreq_test_find(t->at + IOREQ_TEST_SIZE - 1));
	ioreq_test_set(t, NULL);
}

static void ioreq_is_not_behind_a_hole(struct kunit *test)
{
	struct ioreq_test *t = test->priv;

	ioreq_test_map(test, &ioreq_test_fops);
	ioreq_test_set(t, t->pages);
	KUNIT_EXPECT_NULL(test, ioreq_test_find(t->addr));
	KUNIT_EXPECT_NULL(test, ioreq_test_find(t->at - 1));
	ioreq_test_set(t, NULL);
}

static void ioreq_is_not_anothers(struct kunit *test)
{
	struct ioreq_test *t = test->priv;

	ioreq_test_map(test, &ioreq_test_other_fops);
	KUNIT_EXPECT_NULL(test, ioreq_test_find(t->at));
}

/* Nothing was mapped there yet, or what was has no pages: a PV domain */
static void ioreq_has_pages(struct kunit *test)
{
	struct ioreq_test *t = test->priv;

	ioreq_test_map(test, &ioreq_test_fops);
	KUNIT_EXPECT_NULL(test, ioreq_test_find(t->at));
	ioreq_test_set(t, PRIV_VMA_LOCKED);
	KUNIT_EXPECT_NULL(test, ioreq_test_find(t->at));
	ioreq_test_set(t, NULL);
}

/* And the ioctl asks so */
static void ioreq_is_refused(struct kunit *test)
{
	/* Of no processors, so that nothing else refuses */
	struct privcmd_ioeventfd ioeventfd = {};
	struct ioreq_test *t = test->priv;
	struct privcmd_kernel_ioreq *kioreq;

	ioreq_test_map(test, &ioreq_test_other_fops);
	ioeventfd.ioreq = t->at;
	mutex_lock(&ioreq_lock);
	kioreq = alloc_ioreq(&ioeventfd);
	mutex_unlock(&ioreq_lock);
	KUNIT_EXPECT_EQ(test, -EFAULT, PTR_ERR_OR_ZERO(kioreq));
}

static struct kunit_case ioreq_test_cases[] = {
	KUNIT_CASE(ioreq_is_found),
	KUNIT_CASE(ioreq_is_not_behind_a_hole),
	KUNIT_CASE(ioreq_is_not_anothers),
	KUNIT_CASE(ioreq_has_pages),
	KUNIT_CASE(ioreq_is_refused),
	{}
};

static struct kunit_suite ioreq_test_suite = {
	.name		= "vma_owner_xen_privcmd",
	.init		= ioreq_test_init,
	.exit		= ioreq_test_exit,
	.test_cases	= ioreq_test_cases,
};

kunit_test_suite(ioreq_test_suite);
