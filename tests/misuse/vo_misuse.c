// SPDX-License-Identifier: GPL-2.0
/*
 * An importer that breaks one rule of include/linux/vma_owner.h, to see that the
 * kernel says so the first time, and that it says nothing of one that keeps them.
 *
 *	insmod vo_misuse.ko make=NAME memory=ordinary|owned|dmabuf
 *
 * lockdep reports once per boot, and so loading the module makes one misuse; what
 * the kernel log must say of it is in the file expected. None of them hangs: what
 * is unpinned or locked where it must not be is another owner's, or nobody has it.
 * make=control does all of it as it should be done, with each kind of memory.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/dma-buf.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mmu_notifier.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vma_owner.h>

static char *make = "control";
module_param(make, charp, 0444);
MODULE_PARM_DESC(make, "which misuse");

static char *memory = "ordinary";
module_param(memory, charp, 0444);
MODULE_PARM_DESC(memory, "what the misused pin is of");

/* ------------------------------------------------------------------------- */
/* Memory                                                                    */

enum vo_kind { VO_ORDINARY, VO_OWNED, VO_DMABUF, VO_KINDS };

static const char * const vo_kinds[] = { "ordinary", "owned", "dmabuf" };

struct vo_obj {
	struct kref		ref;
	struct vma_owner_revoke	*revoke;
	struct page		*page;
};

static void vo_free(struct kref *ref)
{
	struct vo_obj *obj = container_of(ref, struct vo_obj, ref);

	vma_owner_revoke_put(obj->revoke);
	__free_page(obj->page);
	kfree(obj);
}

static void vo_put(void *priv)
{
	struct vo_obj *obj = priv;

	kref_put(&obj->ref, vo_free);
}

static struct vo_obj *vo_alloc(void)
{
	static const struct vma_owner_revoke_ops ops = { .name = "vo_misuse" };
	struct vo_obj *obj = kzalloc_obj(*obj);

	if (!obj)
		return NULL;
	kref_init(&obj->ref);
	obj->page = alloc_page(GFP_KERNEL);
	obj->revoke = vma_owner_revoke_create(&ops, NULL);
	if (obj->page && !IS_ERR(obj->revoke))
		return obj;
	if (obj->page)
		__free_page(obj->page);
	vma_owner_revoke_put(obj->revoke);
	kfree(obj);
	return NULL;
}

/* An owner by its ops, which can revoke */

static int vo_get_extents(void *priv, u64 offset, u64 len,
			  struct vma_owner_extents *x)
{
	struct vo_obj *obj = priv;

	x->vec = kzalloc_obj(*x->vec);
	if (!x->vec)
		return -ENOMEM;
	x->vec[0].paddr = page_to_phys(obj->page) + offset;
	x->vec[0].len = len;
	x->nr = 1;
	return 0;
}

static void vo_put_extents(void *priv, struct vma_owner_extents *x)
{
	kfree(x->vec);
}

static struct vma_owner_revoke *vo_revocable(void *priv)
{
	struct vo_obj *obj = priv;

	return obj->revoke;
}

static const struct vma_owner_obj_ops vo_obj_ops = {
	.name		= KBUILD_MODNAME,
	.module		= THIS_MODULE,
	.put		= vo_put,
	.get_extents	= vo_get_extents,
	.put_extents	= vo_put_extents,
	.revocable	= vo_revocable,
};

static int vo_tryget(const struct vma_owner_query *q, struct vma_owner_ref *ref)
{
	struct vo_obj *obj = q->private_data;

	kref_get(&obj->ref);
	ref->ops = &vo_obj_ops;
	ref->obj = obj;
	ref->size = PAGE_SIZE;
	return 0;
}

static const struct vma_owner_ops vo_owner_ops = { .tryget = vo_tryget };

/* Nobody touches what is mapped, so that there is no fault */
static const struct vm_operations_struct vo_vm_ops = {
	.owner_ops = &vo_owner_ops,
};

static int vo_mmap(struct file *file, struct vm_area_struct *vma)
{
	vm_flags_set(vma, VM_PFNMAP | VM_DONTEXPAND);
	vma->vm_private_data = file->private_data;
	vma->vm_ops = &vo_vm_ops;
	return 0;
}

static int vo_release(struct inode *inode, struct file *file)
{
	vo_put(file->private_data);
	return 0;
}

static const struct file_operations vo_fops = {
	.owner		= THIS_MODULE,
	.mmap		= vo_mmap,
	.release	= vo_release,
};

/* A dma-buf, which moves */

static struct sg_table *vo_buf_map(struct dma_buf_attachment *attach,
				   enum dma_data_direction dir)
{
	struct vo_obj *obj = attach->dmabuf->priv;
	struct sg_table *table = kzalloc_obj(*table);
	int ret;

	if (!table)
		return ERR_PTR(-ENOMEM);
	ret = sg_alloc_table(table, 1, GFP_KERNEL);
	if (ret)
		goto err_free;
	sg_set_page(table->sgl, obj->page, PAGE_SIZE, 0);
	ret = dma_map_sgtable(attach->dev, table, dir, 0);
	if (!ret)
		return table;
	sg_free_table(table);
err_free:
	kfree(table);
	return ERR_PTR(ret);
}

static void vo_buf_unmap(struct dma_buf_attachment *attach,
			 struct sg_table *table, enum dma_data_direction dir)
{
	dma_unmap_sgtable(attach->dev, table, dir, 0);
	sg_free_table(table);
	kfree(table);
}

/* It has them, so that older kernels take it for one that moves */
static int vo_buf_pin(struct dma_buf_attachment *attach)
{
	return 0;
}

static void vo_buf_unpin(struct dma_buf_attachment *attach)
{
}

static int vo_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
	dma_buf_own_cached_vma(vma);
	return 0;
}

static void vo_buf_release(struct dma_buf *dmabuf)
{
	vo_put(dmabuf->priv);
}

static const struct dma_buf_ops vo_buf_ops = {
	.pin		= vo_buf_pin,
	.unpin		= vo_buf_unpin,
	.map_dma_buf	= vo_buf_map,
	.unmap_dma_buf	= vo_buf_unmap,
	.mmap		= vo_buf_mmap,
	.release	= vo_buf_release,
};

static struct file *vo_export(struct vo_obj *obj)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct dma_buf *dmabuf;

	info.ops = &vo_buf_ops;
	info.size = PAGE_SIZE;
	info.flags = O_RDWR;
	info.priv = obj;
	dmabuf = dma_buf_export(&info);
	return IS_ERR(dmabuf) ? ERR_CAST(dmabuf) : dmabuf->file;
}

/**
 * struct vo_place - memory that the process has mapped
 * @kind: which
 * @addr: where; 0 if it is not mapped
 * @obj: what is there, unless it is ordinary; @file has the reference
 * @file: that was mapped
 */
struct vo_place {
	enum vo_kind	kind;
	unsigned long	addr;
	struct vo_obj	*obj;
	struct file	*file;
};

static struct file *vo_open(enum vo_kind kind, struct vo_obj *obj)
{
	if (!obj)
		return ERR_PTR(-ENOMEM);
	if (kind == VO_DMABUF)
		return vo_export(obj);
	return anon_inode_getfile(KBUILD_MODNAME, &vo_fops, obj, O_RDWR);
}

static int vo_make_place(struct vo_place *place, enum vo_kind kind)
{
	unsigned long flags = MAP_PRIVATE | MAP_ANONYMOUS;
	unsigned long addr;

	*place = (struct vo_place) { .kind = kind };
	if (kind != VO_ORDINARY) {
		flags = MAP_SHARED;
		place->obj = vo_alloc();
		place->file = vo_open(kind, place->obj);
		if (IS_ERR(place->file)) {
			if (place->obj)
				vo_put(place->obj);
			return PTR_ERR(place->file);
		}
	}
	addr = vm_mmap(place->file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE, flags,
		       0);
	if (IS_ERR_VALUE(addr))
		return addr;
	place->addr = addr;
	return 0;
}

static void vo_unmap(struct vo_place *place)
{
	unsigned long addr = place->addr;

	place->addr = 0;
	if (addr)
		vm_munmap(addr, PAGE_SIZE);
}

static void vo_leave(struct vo_place *place)
{
	vo_unmap(place);
	if (!IS_ERR_OR_NULL(place->file))
		fput(place->file);
	place->file = NULL;
}

static struct dma_buf *vo_dmabuf(struct vo_place *place)
{
	return place->file->private_data;
}

/* ------------------------------------------------------------------------- */
/* The importer                                                              */

static struct platform_device *vo_device;

/* What is told to stop; what a rule is broken with; a second one of that place */
static struct vma_pin vo_told, vo_spare, vo_second;
static struct vo_place vo_told_at, vo_spare_at;

/* Taken by callbacks */
static DEFINE_MUTEX(vo_leaf);

/* What is done in the next one */
static void (*vo_in_invalidate)(void);
static void (*vo_in_restore)(void);
static void (*vo_in_notifier)(void);

static void vo_do_once(void (**what)(void))
{
	void (*f)(void) = *what;

	*what = NULL;
	if (f)
		f();
}

static void vo_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	mutex_lock(&vo_leaf);
	mutex_unlock(&vo_leaf);
	if (pin == &vo_told)
		vo_do_once(&vo_in_invalidate);
}

static int vo_restore(struct vma_pin *pin)
{
	if (pin != &vo_told)
		return 0;
	vo_do_once(&vo_in_restore);
	return PTR_ERR_OR_ZERO(vma_pin_map_dma(pin, DMA_FROM_DEVICE));
}

static const struct vma_pin_client vo_client = {
	.name		= KBUILD_MODNAME,
	.invalidate	= vo_invalidate,
	.restore	= vo_restore,
};

static int vo_range_start(struct mmu_notifier *mn,
			  const struct mmu_notifier_range *range)
{
	vo_do_once(&vo_in_notifier);
	return 0;
}

static const struct mmu_notifier_ops vo_notifier_ops = {
	.invalidate_range_start = vo_range_start,
};

static struct mmu_notifier vo_notifier = { .ops = &vo_notifier_ops };

static int vo_pin(struct vma_pin *pin, struct vo_place *place)
{
	return vma_pin_user(pin, place->addr, PAGE_SIZE, VMA_PIN_WRITE,
			    &vo_client);
}

static int vo_map(struct vma_pin *pin)
{
	struct sg_table *sgt;
	int ret;

	ret = vma_pin_attach(pin, &vo_device->dev) ?: vma_pin_lock(pin);
	if (ret)
		return ret;
	mutex_lock(&vo_leaf);
	mutex_unlock(&vo_leaf);
	sgt = vma_pin_dma_table(pin);
	if (!sgt)
		sgt = vma_pin_map_dma(pin, DMA_FROM_DEVICE);
	if (!IS_ERR(sgt))
		vma_pin_sync_for_device_locked(pin);
	vma_pin_unlock(pin);
	return PTR_ERR_OR_ZERO(sgt);
}

static void vo_unpin(struct vma_pin *pin)
{
	if (pin->client)
		vma_unpin(pin);
}

/* Have the owner of vo_told take its memory back and restore it, or move it */
static void vo_lose(void)
{
	struct vo_obj *obj = vo_told_at.obj;

	if (vo_told_at.kind == VO_DMABUF) {
		struct dma_buf *dmabuf = vo_dmabuf(&vo_told_at);

		dma_resv_lock(dmabuf->resv, NULL);
		dma_buf_invalidate_mappings(dmabuf);
		dma_resv_unlock(dmabuf->resv);
		return;
	}
	vma_owner_revoke(obj->revoke, VMA_OWNER_TEMPORARY);
	vma_owner_restore(obj->revoke);
}

static int vo_begin(enum vo_kind told, enum vo_kind spare)
{
	int ret;

	ret = vo_make_place(&vo_told_at, told) ?:
	      vo_make_place(&vo_spare_at, spare);
	if (!ret)
		ret = vo_pin(&vo_told, &vo_told_at) ?: vo_map(&vo_told);
	if (!ret)
		ret = vo_pin(&vo_spare, &vo_spare_at) ?: vo_map(&vo_spare);
	return ret;
}

static void vo_end(void)
{
	vo_unpin(&vo_second);
	vo_unpin(&vo_spare);
	vo_unpin(&vo_told);
	vo_leave(&vo_spare_at);
	vo_leave(&vo_told_at);
}

/* ------------------------------------------------------------------------- */
/* Misuses                                                                   */

static void vo_unpin_spare(void)
{
	vma_unpin(&vo_spare);
}

static void vo_vmap_spare(void)
{
	vma_pin_vmap_unlocked(&vo_spare, DMA_FROM_DEVICE);
}

static void vo_take_mmap_lock(void)
{
	mmap_read_lock(current->mm);
	mmap_read_unlock(current->mm);
}

static void vo_take_resv(void)
{
	static struct dma_resv resv;

	dma_resv_init(&resv);
	dma_resv_lock(&resv, NULL);
	dma_resv_unlock(&resv);
	dma_resv_fini(&resv);
}

static void vo_unpin_in_invalidate(void)
{
	vo_in_invalidate = vo_unpin_spare;
	vo_lose();
}

static void vo_unpin_in_restore(void)
{
	vo_in_restore = vo_unpin_spare;
	vo_lose();
}

static void vo_unpin_in_notifier(void)
{
	vo_in_notifier = vo_unpin_spare;
	vo_unmap(&vo_spare_at);
}

static void vo_unlocked_in_invalidate(void)
{
	vo_in_invalidate = vo_vmap_spare;
	vo_lose();
}

static void vo_mmap_lock_in_invalidate(void)
{
	vo_in_invalidate = vo_take_mmap_lock;
	vo_lose();
}

static void vo_resv_in_invalidate(void)
{
	vo_in_invalidate = vo_take_resv;
	vo_lose();
}

static void vo_under_lock(void (*take)(void))
{
	if (vma_pin_lock(&vo_spare))
		return;
	take();
	vma_pin_unlock(&vo_spare);
}

static void vo_mmap_lock_under_lock(void)
{
	vo_under_lock(vo_take_mmap_lock);
}

static void vo_resv_under_lock(void)
{
	vo_under_lock(vo_take_resv);
}

/* As a fault handler that is reached with the lock held */
static void vo_fault(void)
{
	if (vma_owner_fault_enter(vo_told_at.obj->revoke))
		vma_owner_fault_exit(vo_told_at.obj->revoke);
}

static void vo_fault_under_lock(void)
{
	vo_under_lock(vo_fault);
}

static void vo_map_without_lock(void)
{
	vma_pin_unmap_dma_unlocked(&vo_spare);
	vma_pin_map_dma(&vo_spare, DMA_FROM_DEVICE);
}

static void vo_pin_under_lock(void)
{
	if (vma_pin_lock(&vo_spare))
		return;
	if (vo_pin(&vo_second, &vo_spare_at))
		pr_err("cannot pin\n");
	vma_pin_unlock(&vo_spare);
}

/* Of one owner, save for dma-bufs: that would hang, and these have two */
static void vo_lock_in_lock(void)
{
	struct vma_pin *other = &vo_second;

	if (vo_spare_at.kind == VO_DMABUF)
		other = &vo_told;
	else if (vo_pin(&vo_second, &vo_spare_at))
		return;
	if (vma_pin_lock(&vo_spare))
		return;
	if (!vma_pin_lock(other))
		vma_pin_unlock(other);
	vma_pin_unlock(&vo_spare);
}

/* Of what was pinned for reading and is not mapped: nothing else sleeps there */
static void vo_unpin_in_atomic(void)
{
	if (vma_pin_user(&vo_second, vo_spare_at.addr, PAGE_SIZE, 0, &vo_client))
		return;
	preempt_disable();
	vma_unpin(&vo_second);
	preempt_enable();
}

static void vo_unpin_under_resv(void)
{
	static struct dma_resv resv;

	dma_resv_init(&resv);
	dma_resv_lock(&resv, NULL);
	vma_unpin(&vo_spare);
	dma_resv_unlock(&resv);
	dma_resv_fini(&resv);
}

static void vo_sync_under_leaf(void)
{
	vo_lose();
	mutex_lock(&vo_leaf);
	if (vma_pin_sync_for_cpu(&vo_spare))
		pr_err("cannot sync\n");
	mutex_unlock(&vo_leaf);
}

static void vo_map_under_leaf(void)
{
	vo_lose();
	mutex_lock(&vo_leaf);
	vo_vmap_spare();
	mutex_unlock(&vo_leaf);
}

/* The memory was chosen to need none, as the importer says it never syncs */
static void vo_sync_without_syncs(void)
{
	static const struct vma_pin_client client = {
		.name		= "vo_misuse-no-sync",
		.no_sync	= true,
	};

	if (vma_pin_user(&vo_second, vo_spare_at.addr, PAGE_SIZE,
			 VMA_PIN_WRITE, &client) ||
	    IS_ERR(vma_pin_map_dma_unlocked(&vo_second, &vo_device->dev,
					    DMA_FROM_DEVICE)) ||
	    vma_pin_sync_for_cpu(&vo_second))
		pr_err("cannot sync\n");
}

static const struct vo_misuse {
	const char *name;
	enum vo_kind told;
	void (*make)(void);
} vo_misuses[] = {
	{ "unpin_in_invalidate", VO_OWNED, vo_unpin_in_invalidate },
	{ "unpin_in_restore", VO_OWNED, vo_unpin_in_restore },
	{ "unpin_in_move", VO_DMABUF, vo_unpin_in_invalidate },
	{ "unpin_in_notifier", VO_OWNED, vo_unpin_in_notifier },
	{ "unlocked_in_invalidate", VO_OWNED, vo_unlocked_in_invalidate },
	{ "unlocked_in_move", VO_DMABUF, vo_unlocked_in_invalidate },
	{ "mmap_lock_in_invalidate", VO_OWNED, vo_mmap_lock_in_invalidate },
	{ "mmap_lock_under_lock", VO_OWNED, vo_mmap_lock_under_lock },
	{ "resv_in_invalidate", VO_OWNED, vo_resv_in_invalidate },
	{ "resv_under_lock", VO_OWNED, vo_resv_under_lock },
	{ "fault_under_lock", VO_OWNED, vo_fault_under_lock },
	{ "map_without_lock", VO_OWNED, vo_map_without_lock },
	{ "pin_under_lock", VO_OWNED, vo_pin_under_lock },
	{ "lock_in_lock", VO_DMABUF, vo_lock_in_lock },
	{ "map_under_leaf", VO_OWNED, vo_map_under_leaf },
	{ "sync_under_leaf", VO_OWNED, vo_sync_under_leaf },
	{ "sync_without_syncs", VO_OWNED, vo_sync_without_syncs },
	{ "unpin_in_atomic", VO_OWNED, vo_unpin_in_atomic },
	{ "unpin_under_resv", VO_OWNED, vo_unpin_under_resv },
};

/* ------------------------------------------------------------------------- */
/* The same, done rightly                                                    */

static void vo_defer_spare(void)
{
	vma_unpin_deferred(&vo_spare, NULL);
}

static void vo_defer_told(void)
{
	vma_unpin_deferred(&vo_told, NULL);
}

/* vo_spare was unpinned meanwhile */
static int vo_spare_again(void)
{
	vma_unpin_barrier();
	if (vo_spare.client)
		return -EBUSY;
	return vo_pin(&vo_spare, &vo_spare_at) ?: vo_map(&vo_spare);
}

static int vo_lose_rightly(void)
{
	vo_in_invalidate = vo_defer_spare;
	vo_lose();
	return vo_spare_again() ?: vo_map(&vo_told);
}

static int vo_restore_rightly(void)
{
	if (vo_told_at.kind == VO_DMABUF)	/* is not restored */
		return 0;
	vo_in_restore = vo_defer_spare;
	vo_lose();
	return vo_spare_again();
}

static int vo_notify_rightly(void)
{
	enum vo_kind kind = vo_spare_at.kind;

	vo_in_notifier = vo_defer_spare;
	vo_unmap(&vo_spare_at);
	vma_unpin_barrier();
	vo_leave(&vo_spare_at);
	return vo_make_place(&vo_spare_at, kind) ?: vo_spare_again();
}

static int vo_lock_rightly(void)
{
	int ret;

	ret = vo_pin(&vo_second, &vo_spare_at);
	if (ret)
		return ret;
	ret = vma_pin_sync_for_cpu(&vo_spare) ?: vma_pin_lock(&vo_spare);
	if (ret)
		return ret;
	vma_pin_unmap_dma(&vo_spare);
	vma_pin_unlock(&vo_spare);
	return vo_map(&vo_second);
}

/* It is unpinned with the callback that tells of it still under way */
static int vo_unpin_rightly(void)
{
	vo_in_invalidate = vo_defer_told;
	vo_lose();
	vma_unpin_barrier();
	return vo_told.client ? -EBUSY : 0;
}

static int vo_control(enum vo_kind told, enum vo_kind spare)
{
	int ret;

	ret = vo_begin(told, spare) ?: vo_lose_rightly() ?:
	      vo_restore_rightly() ?: vo_notify_rightly() ?:
	      vo_lock_rightly() ?: vo_unpin_rightly();
	vo_end();
	if (ret)
		pr_err("control fails: %s, %s: %d\n", vo_kinds[told],
		       vo_kinds[spare], ret);
	return ret;
}

static int vo_control_all(void)
{
	enum vo_kind spare;
	int ret = 0;

	for (spare = VO_ORDINARY; spare < VO_KINDS && !ret; spare++)
		ret = vo_control(VO_OWNED, spare) ?:
		      vo_control(VO_DMABUF, spare);
	return ret;
}

/* ------------------------------------------------------------------------- */

static int vo_misuse_spare(const struct vo_misuse *misuse, enum vo_kind spare)
{
	int ret = vo_begin(misuse->told, spare);

	if (!ret)
		misuse->make();
	/* The callback, or the notifier, has come */
	if (vo_in_invalidate || vo_in_restore || vo_in_notifier)
		ret = -ENXIO;
	vo_end();
	return ret;
}

static int vo_make(void)
{
	int kind = match_string(vo_kinds, VO_KINDS, memory);
	unsigned int i;

	if (!strcmp(make, "control"))
		return vo_control_all();
	if (kind < 0)
		return kind;
	for (i = 0; i < ARRAY_SIZE(vo_misuses); i++)
		if (!strcmp(vo_misuses[i].name, make))
			return vo_misuse_spare(&vo_misuses[i], kind);
	return -EINVAL;
}

static int __init vo_misuse_init(void)
{
	const struct platform_device_info info = {
		.name		= KBUILD_MODNAME,
		.id		= PLATFORM_DEVID_NONE,
		.dma_mask	= DMA_BIT_MASK(32),
	};
	struct mm_struct *mm = current->mm;
	int ret;

	vo_device = platform_device_register_full(&info);
	if (IS_ERR(vo_device))
		return PTR_ERR(vo_device);
	ret = mmu_notifier_register(&vo_notifier, mm);
	if (!ret) {
		pr_info("making %s %s\n", make, memory);
		ret = vo_make();
		mmu_notifier_unregister(&vo_notifier, mm);
	}
	if (ret)
		pr_err("cannot make %s: %d\n", make, ret);
	else
		pr_info("made %s\n", make);
	platform_device_unregister(vo_device);
	return ret;
}
module_init(vo_misuse_init);

static void __exit vo_misuse_exit(void)
{
}
module_exit(vo_misuse_exit);

MODULE_DESCRIPTION("Misuses of pins made on purpose");
MODULE_LICENSE("GPL");
MODULE_IMPORT_NS("DMA_BUF");
