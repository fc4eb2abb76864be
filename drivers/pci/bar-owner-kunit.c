// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit tests of the owner of BARs. Part of bar-owner.c, whose functions they call
 * for devices that are not there: their BARs lie where nothing is, and nobody
 * accesses them.
 */
#include <kunit/test.h>
#include <kunit/test-bug.h>
#include <kunit/vma_owner.h>
#include <linux/mman.h>
#include <linux/sched/mm.h>

#define BAR_TEST_BAR		2
#define BAR_TEST_OTHER		4
#define BAR_TEST_PAGES		4
#define BAR_TEST_SIZE		(BAR_TEST_PAGES * PAGE_SIZE)

/* An importer */
struct bar_test_pin {
	struct vma_pin		pin;
	int			temporary;
	int			permanent;
	bool			in_tree;	/* the address, when told */
};

struct bar_test {
	struct pci_dev		*pdev;
	struct vma_owner_mock	*file;
	struct resource		window;
	int			resno;		/* that the next mmap is of */
	int			handles;	/* that there were before */
	unsigned long		addr;
	struct mm_struct	*mm;
};

static struct bar_test *bar_test(void)
{
	return kunit_get_current_test()->priv;
}

/* Of all owners, for who does not put one; vma_owner's own tests have it counted */
static int bar_test_handles(void)
{
	return IS_ENABLED(CONFIG_VMA_OWNER_KUNIT_TEST) ?
	       atomic_read(&vma_owner_revoke_nr) : 0;
}

/* ---- devices ---- */

static struct resource *bar_test_res(struct bar_test *t, int resno)
{
	return &t->pdev->resource[resno];
}

static void bar_test_place(struct kunit *test, int resno, resource_size_t at,
			   resource_size_t size)
{
	struct bar_test *t = test->priv;
	struct resource *res = bar_test_res(t, resno);

	*res = DEFINE_RES_MEM_NAMED(t->window.start + at, size, "bar-test");
	KUNIT_ASSERT_EQ(test, 0, request_resource(&t->window, res));
}

/* As another one has them, there is one in the place of the other */
static void bar_test_make_device(struct kunit *test)
{
	struct bar_test *t = test->priv;

	t->pdev = kunit_kzalloc(test, sizeof(*t->pdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->pdev);
	t->pdev->dev.init_name = "bar-test";
	bar_test_place(test, BAR_TEST_BAR, 0, BAR_TEST_SIZE);
	bar_test_place(test, BAR_TEST_OTHER, BAR_TEST_SIZE, BAR_TEST_SIZE);
}

static void bar_test_release(struct bar_test *t)
{
	struct resource *res;

	if (!t->pdev)
		return;
	pci_dev_for_each_resource(t->pdev, res)
		if (res->parent)
			release_resource(res);
}

/* As pci_destroy_dev() does */
static void bar_test_remove(struct bar_test *t)
{
	pci_bar_owner_revoke(t->pdev, -1);
	bar_test_release(t);
}

/* ---- mappings ---- */

static int bar_test_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct bar_test *t = bar_test();

	return pci_mmap_resource_range(t->pdev, t->resno, vma, pci_mmap_mem, 0);
}

static unsigned long bar_test_map_at(struct bar_test *t, unsigned long addr,
				     int resno, size_t len, unsigned long how,
				     size_t offset)
{
	t->resno = resno;
	return vm_mmap(t->file->file, addr, len, PROT_READ | PROT_WRITE, how,
		       offset);
}

static unsigned long bar_test_map(struct kunit *test, int resno)
{
	unsigned long addr = bar_test_map_at(test->priv, 0, resno,
					     BAR_TEST_SIZE, MAP_SHARED, 0);

	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	return addr;
}

static int bar_test_init(struct kunit *test)
{
	struct bar_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, t);
	test->priv = t;
	t->handles = bar_test_handles();
	ret = kunit_attach_mm();
	if (ret)
		return ret;
	mmget(current->mm);
	t->mm = current->mm;
	t->file = vma_owner_mock(test, VOM_NOBODYS);
	t->file->in_mmap = bar_test_mmap;
	t->file->file->f_mapping = iomem_get_mapping();
	t->window = DEFINE_RES_MEM_NAMED(0, 4 * BAR_TEST_SIZE, "bar-test");
	ret = allocate_resource(&iomem_resource, &t->window, 4 * BAR_TEST_SIZE,
				SZ_4G, RESOURCE_SIZE_MAX, BAR_TEST_SIZE, NULL,
				NULL);
	KUNIT_ASSERT_EQ(test, 0, ret);
	bar_test_make_device(test);
	t->addr = bar_test_map(test, BAR_TEST_BAR);
	return 0;
}

/*
 * It may run while the thread that ran the case exits. The mm stays until all is
 * zapped: UML walks the VMAs to flush an mm that is being torn down, unlocked.
 */
static void bar_test_exit(struct kunit *test)
{
	struct bar_test *t = test->priv;

	if (!t || !t->mm)
		return;
	if (t->pdev)
		bar_test_remove(t);
	mmput(t->mm);
	if (!t->window.parent)
		return;
	release_resource(&t->window);
	/* What the table had, it has not any more */
	KUNIT_EXPECT_TRUE(test, xa_empty(&pci_bar_owners));
	KUNIT_EXPECT_EQ(test, t->handles, bar_test_handles());
}

/* ---- importers ---- */

static void bar_test_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct bar_test_pin *p = container_of(pin, struct bar_test_pin, pin);

	if (why == VMA_OWNER_PERMANENT)
		p->permanent++;
	else
		p->temporary++;
	p->in_tree = bar_test_res(bar_test(), BAR_TEST_BAR)->parent;
}

static const struct vma_pin_client bar_test_client = {
	.name		= "bar-test",
	.invalidate	= bar_test_invalidate,
};

static int bar_test_pin(unsigned long addr, struct bar_test_pin *p, size_t len)
{
	*p = (struct bar_test_pin) {};
	return vma_pin_user(&p->pin, addr, len, VMA_PIN_WRITE,
			    &bar_test_client);
}

/* Where it is */
static phys_addr_t bar_test_phys(struct kunit *test, struct bar_test_pin *p)
{
	struct vma_owner_extents x = { .prot = PAGE_KERNEL };
	phys_addr_t at;

	KUNIT_ASSERT_EQ(test, 0,
			p->pin.ref.ops->get_extents(p->pin.ref.obj,
						    p->pin.ref.offset,
						    p->pin.len, &x));
	KUNIT_EXPECT_EQ(test, 1, x.nr);
	KUNIT_EXPECT_EQ(test, p->pin.len, x.vec[0].len);
	KUNIT_EXPECT_EQ(test, VMA_OWNER_MMIO, x.type);
	KUNIT_EXPECT_NULL(test, x.provider);
	at = x.vec[0].paddr;
	p->pin.ref.ops->put_extents(p->pin.ref.obj, &x);
	return at;
}

static void bar_test_told(struct kunit *test, struct bar_test_pin *p)
{
	KUNIT_EXPECT_EQ(test, 1, p->permanent);
	KUNIT_EXPECT_EQ(test, 0, p->temporary);
	/* The core has dropped the object */
	KUNIT_EXPECT_NULL(test, p->pin.ref.ops);
}

/* ---- cases ---- */

static void bar_names_its_address(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p;
	unsigned long part;

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr + PAGE_SIZE + 512, &p,
					      PAGE_SIZE));
	KUNIT_EXPECT_TRUE(test, vma_pin_is_owned(&p.pin));
	KUNIT_EXPECT_EQ(test, BAR_TEST_SIZE, p.pin.ref.size);
	KUNIT_EXPECT_EQ(test, t->window.start + PAGE_SIZE + 512,
			bar_test_phys(test, &p));
	vma_unpin(&p.pin);

	part = bar_test_map_at(t, 0, BAR_TEST_OTHER, PAGE_SIZE, MAP_SHARED,
			       2 * PAGE_SIZE);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(part));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(part, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->window.start + BAR_TEST_SIZE + 2 * PAGE_SIZE,
			bar_test_phys(test, &p));
	vma_unpin(&p.pin);
}

/* By nothing else, and is what mmap() made of it before */
static void bar_is_filled_by_faults(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct follow_pfnmap_args args = { .address = t->addr };
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, t->addr);
	args.vma = vma;
	KUNIT_EXPECT_EQ(test, -EINVAL, follow_pfnmap_start(&args));
	KUNIT_EXPECT_NOT_NULL(test, vma->vm_private_data);
	KUNIT_EXPECT_EQ(test, VM_IO | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP,
			vma->vm_flags & (VM_IO | VM_PFNMAP | VM_DONTEXPAND |
					 VM_DONTDUMP));
	KUNIT_EXPECT_EQ(test, PHYS_PFN(t->window.start), vma->vm_pgoff);
	mmap_read_unlock(current->mm);
}

/* Whatever maps it, and whoever */
static void bar_is_one_object(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p;
	unsigned long half = BAR_TEST_SIZE / 2, addr;

	addr = bar_test_map_at(t, t->addr, BAR_TEST_BAR, half,
			       MAP_SHARED | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, t->addr, addr);
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, BAR_TEST_SIZE));
	KUNIT_EXPECT_EQ(test, t->window.start, bar_test_phys(test, &p));
	vma_unpin(&p.pin);

	/* But two BARs are two, though one is behind the other */
	addr = bar_test_map_at(t, t->addr + half, BAR_TEST_OTHER, half,
			       MAP_SHARED | MAP_FIXED, 0);
	KUNIT_ASSERT_EQ(test, t->addr + half, addr);
	KUNIT_EXPECT_EQ(test, -EFAULT, bar_test_pin(t->addr, &p,
						    BAR_TEST_SIZE));
}

static void bar_wants_importers_that_stop(struct kunit *test)
{
	static const struct vma_pin_client client = { .name = "bar-test" };
	struct bar_test *t = test->priv;
	struct vma_pin pin;

	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			vma_pin_user(&pin, t->addr, PAGE_SIZE, 0, &client));
}

static void bar_is_nobodys_if_private(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p;
	unsigned long addr;

	addr = bar_test_map_at(t, 0, BAR_TEST_BAR, BAR_TEST_SIZE, MAP_PRIVATE,
			       0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, bar_test_pin(addr, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, BAR_TEST_SIZE));
}

static void bar_is_nobodys_if_small(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p;
	unsigned long addr;

	release_resource(bar_test_res(t, BAR_TEST_OTHER));
	bar_test_place(test, BAR_TEST_OTHER, BAR_TEST_SIZE, PAGE_SIZE / 2);
	addr = bar_test_map_at(t, 0, BAR_TEST_OTHER, PAGE_SIZE, MAP_SHARED, 0);
	KUNIT_ASSERT_FALSE(test, IS_ERR_VALUE(addr));
	KUNIT_EXPECT_EQ(test, -EFAULT, bar_test_pin(addr, &p, 16));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, PAGE_SIZE));
}

/* Who has one from firmware alone is not told when it goes */
static void bar_is_nobodys_if_not_claimed(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct resource *res = bar_test_res(t, BAR_TEST_OTHER);
	struct bar_test_pin p;
	unsigned long addr;

	release_resource(res);
	addr = bar_test_map(test, BAR_TEST_OTHER);
	KUNIT_EXPECT_EQ(test, -EFAULT, bar_test_pin(addr, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 0, vm_munmap(addr, BAR_TEST_SIZE));

	/* Files come before addresses */
	*res = DEFINE_RES_MEM_NAMED(0, BAR_TEST_SIZE, "bar-test");
	KUNIT_EXPECT_EQ(test, -EINVAL,
			(int)bar_test_map_at(t, 0, BAR_TEST_OTHER, PAGE_SIZE,
					     MAP_SHARED, 0));
}

static void bar_goes_with_its_device(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p, other, late;
	unsigned long addr = bar_test_map(test, BAR_TEST_OTHER);

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &other, PAGE_SIZE));
	bar_test_remove(t);
	bar_test_told(test, &p);
	bar_test_told(test, &other);
	/* Before its address was given away */
	KUNIT_EXPECT_TRUE(test, p.in_tree);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	vma_unpin(&p.pin);
	vma_unpin(&other.pin);
}

/* The mapping of before does not show the next one, which has all of it */
static void bar_is_not_taken_for_the_next(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p;
	unsigned long addr;

	bar_test_remove(t);
	/* The same structure, as it may be */
	bar_test_place(test, BAR_TEST_BAR, 0, BAR_TEST_SIZE);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &p, PAGE_SIZE));
	addr = bar_test_map(test, BAR_TEST_BAR);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->window.start, bar_test_phys(test, &p));
	vma_unpin(&p.pin);
}

/* However often: a number is not used again */
static void bar_has_a_number_of_its_own(struct kunit *test)
{
	struct bar_test *t = test->priv;
	unsigned long last = pci_bar_owner_last_id;
	struct bar_test_pin p;
	int i;

	for (i = 1; i <= 3; i++) {
		pci_bar_owner_revoke(t->pdev, -1);
		bar_test_map(test, BAR_TEST_BAR);
		/* A second mapping has the same */
		bar_test_map(test, BAR_TEST_BAR);
		KUNIT_EXPECT_EQ(test, last + i, pci_bar_owner_last_id);
	}
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &p, PAGE_SIZE));

	/* Should they ever be used up */
	pci_bar_owner_revoke(t->pdev, -1);
	pci_bar_owner_last_id = LONG_MAX;
	KUNIT_EXPECT_EQ(test, -ENOSPC,
			(int)bar_test_map_at(t, 0, BAR_TEST_BAR, PAGE_SIZE,
					     MAP_SHARED, 0));
	pci_bar_owner_last_id = last + 3;
}

static void bar_is_released_alone(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct resource *res = bar_test_res(t, BAR_TEST_BAR);
	struct bar_test_pin p, other, late;
	unsigned long addr = bar_test_map(test, BAR_TEST_OTHER);

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &other, PAGE_SIZE));
	pci_bar_owner_revoke(t->pdev, BAR_TEST_BAR);
	bar_test_told(test, &p);
	KUNIT_EXPECT_EQ(test, 0, other.permanent);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	vma_unpin(&p.pin);
	vma_unpin(&other.pin);

	/* It moves */
	KUNIT_ASSERT_EQ(test, 0, release_resource(res));
	bar_test_place(test, BAR_TEST_BAR, 2 * BAR_TEST_SIZE, BAR_TEST_SIZE);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0,
			bar_test_pin(bar_test_map(test, BAR_TEST_BAR), &p,
				     PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, t->window.start + 2 * BAR_TEST_SIZE,
			bar_test_phys(test, &p));
	vma_unpin(&p.pin);
}

/* Those of another device stay, whichever was mapped first */
static void bar_goes_without_those_of_others(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct pci_dev *first = t->pdev;
	struct bar_test_pin p, q;

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	t->pdev = kunit_kzalloc(test, sizeof(*t->pdev), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t->pdev);
	bar_test_place(test, BAR_TEST_BAR, 2 * BAR_TEST_SIZE, BAR_TEST_SIZE);
	KUNIT_ASSERT_EQ(test, 0,
			bar_test_pin(bar_test_map(test, BAR_TEST_BAR), &q,
				     PAGE_SIZE));
	bar_test_remove(t);
	bar_test_told(test, &q);
	KUNIT_EXPECT_EQ(test, 0, p.permanent);
	vma_unpin(&q.pin);

	t->pdev = first;
	bar_test_map(test, BAR_TEST_OTHER);
	pci_bar_owner_revoke(t->pdev, BAR_TEST_OTHER);
	KUNIT_EXPECT_EQ(test, 0, p.permanent);
	pci_bar_owner_revoke(t->pdev, BAR_TEST_BAR);
	bar_test_told(test, &p);
	vma_unpin(&p.pin);
}

/* By who resizes it, or moves it: pci_release_resource() does all of that */
static void bar_goes_with_its_address(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p, late;

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, pci_release_resource(t->pdev, BAR_TEST_BAR));
	bar_test_told(test, &p);
	KUNIT_EXPECT_TRUE(test, p.in_tree);
	vma_unpin(&p.pin);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	/* What has no address is not mapped, though procfs' file stays */
	KUNIT_EXPECT_EQ(test, -EINVAL,
			(int)bar_test_map_at(t, 0, BAR_TEST_BAR, PAGE_SIZE,
					     MAP_SHARED, 0));
}

static int bar_test_early = -EINVAL;

/* As firmware tables are read: before there is a file that BARs are mapped by */
static int __init bar_test_release_early(void)
{
	static struct pci_dev pdev;
	struct resource *res = &pdev.resource[BAR_TEST_BAR];

	pdev.dev.init_name = "bar-test";
	*res = DEFINE_RES_MEM_NAMED(0, PAGE_SIZE, "bar-test");
	if (iomem_get_mapping() ||
	    allocate_resource(&iomem_resource, res, PAGE_SIZE, SZ_4G,
			      RESOURCE_SIZE_MAX, PAGE_SIZE, NULL, NULL))
		return 0;
	bar_test_early = pci_release_resource(&pdev, BAR_TEST_BAR);
	return 0;
}
subsys_initcall(bar_test_release_early);

static void bar_goes_before_there_are_files(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0, bar_test_early);
}

static void bar_goes_to_a_driver(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p, other, late;
	unsigned long addr = bar_test_map(test, BAR_TEST_OTHER);
	resource_size_t start = t->window.start;

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &other, PAGE_SIZE));
	KUNIT_ASSERT_NOT_NULL(test,
			      __request_mem_region(start, BAR_TEST_SIZE,
						   "bar-test",
						   IORESOURCE_EXCLUSIVE));
	if (!iomem_is_exclusive(start)) {
		release_mem_region(start, BAR_TEST_SIZE);
		vma_unpin(&p.pin);
		vma_unpin(&other.pin);
		kunit_skip(test, "user space may have what a driver has");
	}
	bar_test_told(test, &p);
	KUNIT_EXPECT_EQ(test, 0, other.permanent);
	vma_unpin(&p.pin);
	vma_unpin(&other.pin);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	release_mem_region(start, BAR_TEST_SIZE);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
}

/* Page 1: who has others goes on, and gets no more of it */
static void bar_goes_to_a_driver_in_part(struct kunit *test)
{
	struct bar_test *t = test->priv;
	resource_size_t start = t->window.start + PAGE_SIZE;
	struct bar_test_pin p, claimed;
	struct vma_owner_extents x = {};

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	KUNIT_ASSERT_NOT_NULL(test,
			      __request_mem_region(start, PAGE_SIZE, "bar-test",
						   IORESOURCE_EXCLUSIVE));
	if (!iomem_is_exclusive(start)) {
		release_mem_region(start, PAGE_SIZE);
		vma_unpin(&p.pin);
		kunit_skip(test, "user space may have what a driver has");
	}
	KUNIT_EXPECT_EQ(test, 1, p.temporary);
	KUNIT_EXPECT_EQ(test, 0, p.permanent);
	KUNIT_EXPECT_EQ(test, t->window.start, bar_test_phys(test, &p));
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &claimed,
					      2 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			p.pin.ref.ops->get_extents(p.pin.ref.obj, 0,
						   2 * PAGE_SIZE, &x));
	vma_unpin(&claimed.pin);
	vma_unpin(&p.pin);
	release_mem_region(start, PAGE_SIZE);
}

/* A bridge is moved, and those behind it are not told */
static void bar_goes_with_its_window(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct bar_test_pin p, late;

	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(t->addr, &p, PAGE_SIZE));
	pci_bar_release_children(&t->window);
	bar_test_told(test, &p);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &late, PAGE_SIZE));
	vma_unpin(&p.pin);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			(int)bar_test_map_at(t, 0, BAR_TEST_BAR, BAR_TEST_SIZE,
					     MAP_SHARED, 0));
}

/* mmap() was about to make an owner when the address was taken away */
static void bar_that_moved_has_another_owner(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct resource *res = bar_test_res(t, BAR_TEST_BAR);
	struct bar_test_pin p;
	unsigned long addr;

	KUNIT_ASSERT_EQ(test, 0, release_resource(res));
	bar_test_place(test, BAR_TEST_BAR, 2 * BAR_TEST_SIZE, BAR_TEST_SIZE);
	addr = bar_test_map(test, BAR_TEST_BAR);
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, res->start, bar_test_phys(test, &p));
	vma_unpin(&p.pin);
	KUNIT_EXPECT_EQ(test, -ENODEV, bar_test_pin(t->addr, &p, PAGE_SIZE));
}

/* mmap() has looked for a driver, which has come before there was an owner */
static void bar_is_not_mapped_beside_a_driver(struct kunit *test)
{
	struct bar_test *t = test->priv;
	resource_size_t start = t->window.start;
	struct vma_owner_extents x = {};
	struct bar_test_pin p;
	unsigned long addr;

	KUNIT_ASSERT_NOT_NULL(test,
			      __request_mem_region(start, BAR_TEST_SIZE,
						   "bar-test",
						   IORESOURCE_EXCLUSIVE));
	if (!iomem_is_exclusive(start)) {
		release_mem_region(start, BAR_TEST_SIZE);
		kunit_skip(test, "user space may have what a driver has");
	}
	addr = bar_test_map(test, BAR_TEST_BAR);
	KUNIT_ASSERT_EQ(test, 0, bar_test_pin(addr, &p, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, -ENODEV,
			p.pin.ref.ops->get_extents(p.pin.ref.obj, 0, PAGE_SIZE,
						   &x));
	mmap_read_lock(current->mm);
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS,
			pci_bar_insert_pages(vma_lookup(current->mm, addr),
					     addr));
	mmap_read_unlock(current->mm);
	release_mem_region(start, BAR_TEST_SIZE);
	vma_unpin(&p.pin);
}

/* Nobody can enter a fault of what has gone, and who is in is waited for */
static void bar_is_not_faulted_late(struct kunit *test)
{
	struct bar_test *t = test->priv;
	struct pci_bar_owner *owner;
	struct vm_area_struct *vma;

	mmap_read_lock(current->mm);
	vma = vma_lookup(current->mm, t->addr);
	owner = pci_bar_fault_enter(vma);
	KUNIT_ASSERT_NOT_NULL(test, owner);
	pci_bar_fault_exit(owner);
	/* As for a claim of a part: not now */
	vma_owner_revoke_begin(owner->revoke, VMA_OWNER_TEMPORARY);
	KUNIT_EXPECT_NULL(test, pci_bar_fault_enter(vma));
	KUNIT_EXPECT_EQ(test, VM_FAULT_NOPAGE, pci_bar_fault_refused(vma));
	vma_owner_restore(owner->revoke);
	pci_bar_owner_revoke(t->pdev, -1);
	KUNIT_EXPECT_NULL(test, pci_bar_fault_enter(vma));
	KUNIT_EXPECT_EQ(test, VM_FAULT_SIGBUS, pci_bar_fault_refused(vma));
	mmap_read_unlock(current->mm);
}

static struct kunit_case bar_test_cases[] = {
	KUNIT_CASE(bar_names_its_address),
	KUNIT_CASE(bar_is_filled_by_faults),
	KUNIT_CASE(bar_is_one_object),
	KUNIT_CASE(bar_wants_importers_that_stop),
	KUNIT_CASE(bar_is_nobodys_if_private),
	KUNIT_CASE(bar_is_nobodys_if_small),
	KUNIT_CASE(bar_is_nobodys_if_not_claimed),
	KUNIT_CASE(bar_goes_with_its_device),
	KUNIT_CASE(bar_is_not_taken_for_the_next),
	KUNIT_CASE(bar_has_a_number_of_its_own),
	KUNIT_CASE(bar_is_released_alone),
	KUNIT_CASE(bar_goes_without_those_of_others),
	KUNIT_CASE(bar_goes_with_its_address),
	KUNIT_CASE(bar_goes_before_there_are_files),
	KUNIT_CASE(bar_goes_to_a_driver),
	KUNIT_CASE(bar_goes_to_a_driver_in_part),
	KUNIT_CASE(bar_goes_with_its_window),
	KUNIT_CASE(bar_that_moved_has_another_owner),
	KUNIT_CASE(bar_is_not_mapped_beside_a_driver),
	KUNIT_CASE(bar_is_not_faulted_late),
	{}
};

static struct kunit_suite bar_test_suite = {
	.name	= "vma_owner_pci_bar",
	.init	= bar_test_init,
	.exit	= bar_test_exit,
	.test_cases = bar_test_cases,
};
kunit_test_suite(bar_test_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
