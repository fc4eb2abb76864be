// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device memory of other drivers in a guest of the mshv_root module.
 */
#include <linux/cleanup.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/vma_owner.h>
#include <asm/mshyperv.h>

#include "mshv_root.h"

static bool allow_raw_pfns;
module_param(allow_raw_pfns, bool, 0644);
MODULE_PARM_DESC(allow_raw_pfns,
		 "Map device memory that nobody owns, by the pfns in page tables. Taints the kernel when used (default: off).");

/*
 * The owner takes the memory back, for a reset or for good, and returns it. Then it
 * is not mapped to the guest, whose access is intercepted. The callbacks run with
 * the lock of the pin; mreg_mutex is a leaf lock inside of that.
 */

/* ---- in the guest, with mreg_mutex ---- */

static void mshv_owned_unmap(struct mshv_mem_region *region)
{
	int ret;

	lockdep_assert_held(&region->mreg_mutex);
	if (!region->mreg_mapped)
		return;
	region->mreg_mapped = false;
	ret = hv_call_unmap_gpa_pages(region->partition->pt_id,
				      region->start_gfn, region->nr_pages, 0);
	if (ret)
		pt_err(region->partition,
		       "The guest keeps memory that its owner has taken back: %d\n",
		       ret);
}

static int mshv_owned_map_extents(struct mshv_mem_region *region,
				  const struct vma_owner_extents *x)
{
	u64 id = region->partition->pt_id, done = 0;
	unsigned int i;
	int ret = 0;

	/* It would be mapped uncached */
	if (x->type != VMA_OWNER_MMIO)
		return -EOPNOTSUPP;
	for (i = 0; !ret && i < x->nr; i++) {
		const struct phys_vec *vec = &x->vec[i];

		/* The guest would get what is beside it */
		if (PAGE_ALIGNED(vec->paddr | vec->len))
			ret = hv_call_map_mmio_pages(id,
						     region->start_gfn + done,
						     PHYS_PFN(vec->paddr),
						     PHYS_PFN(vec->len));
		else
			ret = -EINVAL;
		if (!ret)
			done += PHYS_PFN(vec->len);
	}
	if (ret && done)
		hv_call_unmap_gpa_pages(id, region->start_gfn, done, 0);
	region->mreg_mapped = !ret;
	return ret;
}

/* With the lock of the pin besides */
static int mshv_owned_map(struct mshv_mem_region *region)
{
	const struct vma_owner_extents *x;
	int ret;

	lockdep_assert_held(&region->mreg_mutex);
	x = vma_pin_get_extents(&region->mreg_pin);
	if (IS_ERR(x))
		return PTR_ERR(x);
	ret = mshv_owned_map_extents(region, x);
	if (ret)
		vma_pin_put_extents(&region->mreg_pin);
	return ret;
}

/* ---- what the owner does ---- */

static void mshv_owned_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct mshv_mem_region *region = container_of(pin,
						      struct mshv_mem_region,
						      mreg_pin);

	guard(mutex)(&region->mreg_mutex);
	mshv_owned_unmap(region);
}

static int mshv_owned_restore(struct vma_pin *pin)
{
	struct mshv_mem_region *region = container_of(pin,
						      struct mshv_mem_region,
						      mreg_pin);

	guard(mutex)(&region->mreg_mutex);
	return region->mreg_wanted ? mshv_owned_map(region) : 0;
}

static const struct vma_pin_client mshv_owned_client = {
	.name		= "mshv",
	.extents_only	= true,
	.invalidate	= mshv_owned_invalidate,
	.restore	= mshv_owned_restore,
};

/* ---- the life of a region ---- */

static int mshv_owned_start(struct mshv_mem_region *region)
{
	int ret = vma_pin_lock(&region->mreg_pin);

	if (ret)
		return ret;
	scoped_guard(mutex, &region->mreg_mutex) {
		ret = mshv_owned_map(region);
		region->mreg_wanted = !ret;
	}
	vma_pin_unlock(&region->mreg_pin);
	return ret;
}

static int mshv_owned_pin(struct mshv_mem_region *region)
{
	size_t len = region->nr_pages << PAGE_SHIFT;
	ssize_t got;

	/* To the guest it is mapped writable */
	got = vma_pin_user_prefix(&region->mreg_pin, current->mm,
				  region->start_uaddr, len, VMA_PIN_WRITE,
				  &mshv_owned_client);
	if (got < 0)
		return got;
	if (!vma_pin_is_owned(&region->mreg_pin))
		return -EFAULT;
	if (got == len)
		return 0;
	/* What follows is another's, or nobody's */
	vma_unpin(&region->mreg_pin);
	return -EINVAL;
}

/**
 * mshv_region_map_owned - map memory of another driver to the guest
 * @region: its region, which is new and MSHV_REGION_TYPE_MMIO
 *
 * Context: Takes mmap_lock.
 * Return: 0 or an errno; mshv_region_unmap_owned() is right for both.
 */
int mshv_region_map_owned(struct mshv_mem_region *region)
{
	int ret;

	mutex_init(&region->mreg_mutex);
	region->mreg_owned = true;
	ret = mshv_owned_pin(region);
	if (ret)
		return ret;
	region->mreg_pinned = true;
	return mshv_owned_start(region);
}

/**
 * mshv_region_unmap_owned - unmap it, before its owner may think that nobody has it
 * @region: its region
 */
void mshv_region_unmap_owned(struct mshv_mem_region *region)
{
	if (!region->mreg_pinned)
		return;
	scoped_guard(mutex, &region->mreg_mutex) {
		region->mreg_wanted = false;
		mshv_owned_unmap(region);
	}
	vma_unpin(&region->mreg_pin);
	region->mreg_pinned = false;
}

/**
 * mshv_raw_is_allowed - may a guest have memory that nobody owns?
 * @vma: where it is mapped; mmap_lock is held
 *
 * Nobody says when it is taken away, and becomes somebody else's. The guest has it
 * until it is unmapped.
 *
 * Return: true if the administrator says so, and the kernel is tainted then.
 */
bool mshv_raw_is_allowed(const struct vm_area_struct *vma)
{
	if (!READ_ONCE(allow_raw_pfns)) {
		pr_warn_once("mshv_root: does not map memory of %pD that nobody owns: the module parameter allow_raw_pfns would\n",
			     vma->vm_file);
		return false;
	}
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	pr_warn_once("mshv_root: maps memory of %pD that nobody owns: a guest keeps it even when it becomes somebody else's\n",
		     vma->vm_file);
	return true;
}
