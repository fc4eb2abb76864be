// SPDX-License-Identifier: GPL-2.0
/*
 * ACRN: device memory of other drivers in a User VM
 */
#include <linux/cleanup.h>
#include <linux/io.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

#include "acrn_drv.h"

/**
 * DOC: owned memory in a User VM
 *
 * A User VM is given pages of RAM, which stay pinned until it is destroyed, and
 * memory of other drivers, most of all BARs. That is pinned by vma_pin_user(),
 * and in the EPT by its extents. While its owner has it back, for a reset or for
 * good, it is not in the EPT: the VM's access is an EPT violation, which the
 * device model has to answer as if no memory were there.
 *
 * Such a range is unmapped in one piece, as it was mapped, and what is mapped later
 * does not go over it. A VM that is destroyed gives all of it back while it is still
 * there: its number may be the next VM's.
 *
 * &acrn_vm.owned_lock is held while ranges come and go. The callbacks run with the
 * lock of the pin and must not take it. &acrn_vm.owned_ept_lock is a leaf lock
 * inside of both, under which ranges are put into the EPT and taken out.
 */

static bool allow_raw_pfns;
module_param(allow_raw_pfns, bool, 0644);
MODULE_PARM_DESC(allow_raw_pfns,
		 "Map device memory that nobody owns, by the pfns in page tables. Taints the kernel when used (default: off).");

/**
 * struct acrn_owned - memory of another driver in a User VM
 * @node:	In &acrn_vm.owned
 * @vm:		The User VM
 * @pin:	The memory
 * @user_vm_pa:	Where the VM has it
 * @attr:	ACRN_MEM_ACCESS_*
 * @mapped:	Is it in the EPT? &acrn_vm.owned_ept_lock guards it, and @wanted.
 * @wanted:	Is it to be there, when its owner lets us?
 * @del:	What takes it out again. It is there before it is needed: memory
 *		that has to go cannot wait for some.
 * @del_region:	Its only region
 */
struct acrn_owned {
	struct list_head		node;
	struct acrn_vm			*vm;
	struct vma_pin			pin;
	u64				user_vm_pa;
	u32				attr;
	bool				mapped;
	bool				wanted;
	struct vm_memory_region_batch	*del;
	struct vm_memory_region_op	*del_region;
};

/* ---- in the EPT, with owned_ept_lock ---- */

static void acrn_owned_del(struct acrn_owned *owned)
{
	int ret;

	lockdep_assert_held(&owned->vm->owned_ept_lock);
	if (!owned->mapped)
		return;
	owned->mapped = false;
	ret = acrn_mm_set_regions(owned->del);
	if (ret < 0)
		dev_err(acrn_dev.this_device,
			"VM[%u] keeps memory that its owner has taken back: %d\n",
			owned->vm->vmid, ret);
}

static bool acrn_is_cached_as(pgprot_t a, pgprot_t b)
{
	return !((pgprot_val(a) ^ pgprot_val(b)) & _PAGE_CACHE_MASK);
}

/* Device memory must not be cached, and of other memory its owner says how it is */
static u32 acrn_owned_memtype(const struct vma_owner_extents *x)
{
	if (x->type == VMA_OWNER_RAM)
		return ACRN_MEM_TYPE_WB;
	if (x->type == VMA_OWNER_MMIO)
		return ACRN_MEM_TYPE_UC;
	if (acrn_is_cached_as(x->prot, PAGE_KERNEL))
		return ACRN_MEM_TYPE_WB;
	/* Without PAT these two are the same */
	if (acrn_is_cached_as(x->prot, pgprot_noncached(PAGE_KERNEL)))
		return ACRN_MEM_TYPE_UC;
	if (acrn_is_cached_as(x->prot, pgprot_writecombine(PAGE_KERNEL)))
		return ACRN_MEM_TYPE_WC;
	return ACRN_MEM_TYPE_UC;
}

static int acrn_owned_fill(const struct acrn_owned *owned,
			   struct vm_memory_region_batch *batch,
			   const struct vma_owner_extents *x)
{
	u64 user_vm_pa = owned->user_vm_pa;
	unsigned int i;

	batch->vmid = owned->del->vmid;
	batch->regions_num = x->nr;
	batch->regions_gpa = virt_to_phys(batch->regions_op);
	for (i = 0; i < x->nr; i++) {
		const struct phys_vec *vec = &x->vec[i];

		/* The VM would get what is beside it */
		if (!PAGE_ALIGNED(vec->paddr | vec->len))
			return -EINVAL;
		batch->regions_op[i] = (struct vm_memory_region_op) {
			.type		= ACRN_MEM_REGION_ADD,
			.attr		= acrn_owned_memtype(x) | owned->attr,
			.user_vm_pa	= user_vm_pa,
			.service_vm_pa	= vec->paddr,
			.size		= vec->len,
		};
		user_vm_pa += vec->len;
	}
	return 0;
}

static int acrn_owned_add_extents(struct acrn_owned *owned,
				  const struct vma_owner_extents *x)
{
	struct vm_memory_region_batch *batch;
	int ret;

	batch = kzalloc_flex(*batch, regions_op, x->nr);
	if (!batch)
		return -ENOMEM;
	ret = acrn_owned_fill(owned, batch, x);
	if (!ret) {
		owned->mapped = true;
		ret = acrn_mm_set_regions(batch);
		/* Some of it may be there */
		if (ret < 0)
			acrn_owned_del(owned);
	}
	kfree(batch);
	return ret < 0 ? ret : 0;
}

/* With the lock of the pin besides */
static int acrn_owned_add(struct acrn_owned *owned)
{
	const struct vma_owner_extents *x = vma_pin_get_extents(&owned->pin);
	int ret;

	lockdep_assert_held(&owned->vm->owned_ept_lock);
	if (IS_ERR(x))
		return PTR_ERR(x);
	ret = acrn_owned_add_extents(owned, x);
	if (ret)
		vma_pin_put_extents(&owned->pin);
	return ret;
}

/* ---- what the owner does ---- */

static void acrn_owned_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct acrn_owned *owned = container_of(pin, struct acrn_owned, pin);

	guard(mutex)(&owned->vm->owned_ept_lock);
	acrn_owned_del(owned);
}

static int acrn_owned_restore(struct vma_pin *pin)
{
	struct acrn_owned *owned = container_of(pin, struct acrn_owned, pin);

	guard(mutex)(&owned->vm->owned_ept_lock);
	return owned->wanted ? acrn_owned_add(owned) : 0;
}

static const struct vma_pin_client acrn_owned_client = {
	.name		= "acrn",
	.extents_only	= true,
	.invalidate	= acrn_owned_invalidate,
	.restore	= acrn_owned_restore,
};

/* ---- ranges, with owned_lock ---- */

static void acrn_owned_free(struct acrn_owned *owned)
{
	kfree(owned->del_region);
	kfree(owned->del);
	kfree(owned);
}

static struct acrn_owned *acrn_owned_alloc(struct acrn_vm *vm,
					   const struct acrn_vm_memmap *memmap)
{
	struct acrn_owned *owned = kzalloc_obj(*owned);

	if (!owned)
		return NULL;
	owned->del = kzalloc_obj(*owned->del);
	owned->del_region = kzalloc_obj(*owned->del_region);
	if (!owned->del || !owned->del_region) {
		acrn_owned_free(owned);
		return NULL;
	}
	owned->vm = vm;
	owned->user_vm_pa = memmap->user_vm_pa;
	owned->attr = memmap->attr & ACRN_MEM_ACCESS_RIGHT_MASK;
	owned->del->regions_num = 1;
	owned->del->regions_gpa = virt_to_phys(owned->del_region);
	owned->del_region->type = ACRN_MEM_REGION_DEL;
	owned->del_region->user_vm_pa = memmap->user_vm_pa;
	owned->del_region->size = memmap->len;
	return owned;
}

static bool acrn_owned_overlaps(const struct acrn_owned *owned, u64 user_vm_pa,
				u64 len)
{
	return user_vm_pa < owned->user_vm_pa + owned->pin.len &&
	       owned->user_vm_pa < user_vm_pa + len;
}

static struct acrn_owned *acrn_owned_find(struct acrn_vm *vm, u64 user_vm_pa,
					  u64 len)
{
	struct acrn_owned *owned;

	list_for_each_entry(owned, &vm->owned, node)
		if (acrn_owned_overlaps(owned, user_vm_pa, len))
			return owned;
	return NULL;
}

static int acrn_owned_start(struct acrn_owned *owned)
{
	int ret = vma_pin_lock(&owned->pin);

	if (ret)
		return ret;
	scoped_guard(mutex, &owned->vm->owned_ept_lock) {
		ret = acrn_owned_add(owned);
		owned->wanted = !ret;
	}
	vma_pin_unlock(&owned->pin);
	return ret;
}

/* It is out of the EPT before its owner may think that nobody has it */
static void acrn_owned_stop(struct acrn_owned *owned)
{
	scoped_guard(mutex, &owned->vm->owned_ept_lock) {
		owned->wanted = false;
		acrn_owned_del(owned);
	}
	vma_unpin(&owned->pin);
}

static int acrn_owned_insert(struct acrn_vm *vm, struct acrn_owned *owned)
{
	int ret;

	guard(mutex)(&vm->owned_lock);
	if (vm->owned_ended)
		return -ENODEV;
	if (acrn_owned_find(vm, owned->user_vm_pa, owned->pin.len))
		return -EEXIST;
	/* The file may have another VM by now than when it was pinned */
	owned->del->vmid = vm->vmid;
	ret = acrn_owned_start(owned);
	if (!ret)
		list_add(&owned->node, &vm->owned);
	return ret;
}

static int acrn_owned_map(struct acrn_owned *owned,
			  const struct acrn_vm_memmap *memmap)
{
	unsigned int flags = memmap->attr & ACRN_MEM_ACCESS_WRITE ?
			     VMA_PIN_WRITE : 0;
	ssize_t got;
	int ret;

	got = vma_pin_user_prefix(&owned->pin, current->mm, memmap->vma_base,
				  memmap->len, flags, &acrn_owned_client);
	if (got < 0)
		return got;
	if (!vma_pin_is_owned(&owned->pin))
		return -ENOENT;
	/* What follows is another's, or nobody's */
	ret = got == memmap->len ? acrn_owned_insert(owned->vm, owned) :
				   -EINVAL;
	if (ret)
		vma_unpin(&owned->pin);
	return ret;
}

/**
 * acrn_vm_owned_map() - Map memory of another driver in a User VM
 * @vm:		The User VM
 * @memmap:	Where it is, and where it goes
 *
 * Context: Takes mmap_lock.
 * Return: 0, -ENOENT if no driver owns the memory, or another errno: -EEXIST
 * where the VM has owned memory already.
 */
int acrn_vm_owned_map(struct acrn_vm *vm, const struct acrn_vm_memmap *memmap)
{
	struct acrn_owned *owned;
	int ret;

	if (!PAGE_ALIGNED(memmap->vma_base | memmap->user_vm_pa | memmap->len))
		return -ENOENT;
	if (memmap->user_vm_pa + memmap->len < memmap->user_vm_pa)
		return -EINVAL;
	owned = acrn_owned_alloc(vm, memmap);
	if (!owned)
		return -ENOMEM;
	ret = acrn_owned_map(owned, memmap);
	if (ret)
		acrn_owned_free(owned);
	return ret;
}

/**
 * acrn_vm_owned_unmap() - Unmap memory of another driver from a User VM
 * @vm:		The User VM
 * @user_vm_pa:	Where the VM has it
 * @len:	How much it is
 *
 * Return: 0, -ENOENT if there is none, -EINVAL if it is another range that was
 * mapped.
 */
int acrn_vm_owned_unmap(struct acrn_vm *vm, u64 user_vm_pa, u64 len)
{
	struct acrn_owned *owned;

	guard(mutex)(&vm->owned_lock);
	owned = acrn_owned_find(vm, user_vm_pa, len);
	if (!owned)
		return -ENOENT;
	if (owned->user_vm_pa != user_vm_pa || owned->pin.len != len)
		return -EINVAL;
	list_del(&owned->node);
	acrn_owned_stop(owned);
	acrn_owned_free(owned);
	return 0;
}

/**
 * acrn_vm_owned_is_at() - Does a User VM have memory of another driver there?
 * @vm:		The User VM
 * @user_vm_pa:	Where it would be
 * @len:	How much
 *
 * Return: true if any of it is.
 */
bool acrn_vm_owned_is_at(struct acrn_vm *vm, u64 user_vm_pa, u64 len)
{
	guard(mutex)(&vm->owned_lock);
	return acrn_owned_find(vm, user_vm_pa, len);
}

/**
 * acrn_vm_owned_init() - When its file is opened
 * @vm:	The User VM, which is not there yet
 */
void acrn_vm_owned_init(struct acrn_vm *vm)
{
	mutex_init(&vm->owned_lock);
	mutex_init(&vm->owned_ept_lock);
	INIT_LIST_HEAD(&vm->owned);
	vm->owned_ended = true;
}

/**
 * acrn_vm_owned_begin() - Ranges may be mapped from now on
 * @vm:	The User VM, which is there
 */
void acrn_vm_owned_begin(struct acrn_vm *vm)
{
	guard(mutex)(&vm->owned_lock);
	vm->owned_ended = false;
}

/**
 * acrn_vm_owned_end() - Unmap all, and map no more
 * @vm:	The User VM, which is there still
 */
void acrn_vm_owned_end(struct acrn_vm *vm)
{
	struct acrn_owned *owned, *tmp;

	guard(mutex)(&vm->owned_lock);
	vm->owned_ended = true;
	list_for_each_entry_safe(owned, tmp, &vm->owned, node) {
		list_del(&owned->node);
		acrn_owned_stop(owned);
		acrn_owned_free(owned);
	}
}

/**
 * acrn_vm_raw_is_allowed() - May a User VM have memory that nobody owns?
 * @vma:	Where it is mapped; mmap_lock is held
 *
 * Nobody says when it is taken away, and becomes somebody else's. The VM has it
 * until it is unmapped.
 *
 * Return: true if the administrator says so, and the kernel is tainted then.
 */
bool acrn_vm_raw_is_allowed(const struct vm_area_struct *vma)
{
	if (!READ_ONCE(allow_raw_pfns)) {
		pr_warn_once("acrn: does not map memory of %pD that nobody owns: the module parameter allow_raw_pfns would\n",
			     vma->vm_file);
		return false;
	}
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	pr_warn_once("acrn: maps memory of %pD that nobody owns: a VM keeps it even when it becomes somebody else's\n",
		     vma->vm_file);
	return true;
}
