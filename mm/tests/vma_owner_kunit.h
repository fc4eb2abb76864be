/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the KUnit tests for VMA owners share beside the mock owner of
 * kunit/vma_owner.h: what of that they look into, and importers.
 */
#ifndef _VMA_OWNER_KUNIT_H
#define _VMA_OWNER_KUNIT_H

#include <kunit/device.h>
#include <kunit/test.h>
#include <kunit/vma_owner.h>
#include <linux/dma-resv.h>
#include <linux/file.h>
#include <linux/kthread.h>
#include <linux/workqueue.h>

#define VO_PAGES	VOM_PAGES
#define VO_SIZE		VOM_SIZE

/* Time for something that must not happen; it never makes a case fail late */
#define VO_A_WHILE	(HZ / 20)
/* Time for something that must happen */
#define VO_LONG		(10 * HZ)

/* One test */
struct vo {
	struct kunit		*test;
	struct list_head	objs;
	struct list_head	imps;
	struct workqueue_struct	*wq;
	struct mm_struct	*mm;
	int			handles; /* to revoke by, before the test */
};

#define vo_n(obj, what)		atomic_read(&(obj)->n.what)
#define vo_count(obj, what)	atomic_inc(&(obj)->n.what)

/*
 * Two that can be revoked, and one that cannot. Those that can map under the lock
 * of the pin and leave it to the core to undo what the owner takes back.
 *
 * VO_TYPE1 maps extents, and again in restore. If @by_work, it has been entered
 * before, and its invalidate makes a work item exit.
 *
 * VO_IOMMUFD maps a dma-buf for a device. If @by_work, its invalidate makes a work
 * item map again.
 */
enum vo_kind { VO_STATIC, VO_TYPE1, VO_IOMMUFD };

struct vo_imp {
	struct vo		*vo;
	struct list_head	node;
	enum vo_kind		kind;
	struct vma_pin		pin;
	struct vma_pin_client	client;
	struct device		*dev;
	bool			use_dma;	/* instead of extents */
	bool			by_work;
	bool			want;		/* to be mapped by restore */
	struct mutex		leaf;		/* of the next three, see the client */
	enum vma_owner_loss	why;
	int			invalidated_at;
	int			restore_err;	/* for the next call */
	int			remap_ret;
	struct work_struct	work;
	struct completion	go;		/* lets @work or invalidate go on */
	struct completion	invalidated;
	struct completion	released;
	atomic_t		nr_invalidate;
	atomic_t		nr_restore;
	void			(*in_invalidate)(struct vo_imp *imp);
	void			(*in_restore)(struct vo_imp *imp);
	void			*hook;		/* what these two need */
};

#define pin_to_imp(p)	container_of(p, struct vo_imp, pin)

/* A thread that revokes */
struct vo_revoker {
	struct work_struct	work;
	struct vma_owner_mock		*obj;
	enum vma_owner_loss	how;
	struct completion	done;
	int			done_at;
};

/* A row of cases that run once for each value */
struct vo_param {
	const char	*name;
	int		value;
};

/* Rounds of a race */
#define VO_ROUNDS	150

/* An object that ends inside its last page, and nothing mapped behind */
#define VO_ODD	(VO_SIZE - 100)

struct vo_edge {
	const char	*name;
	size_t		offset;
	size_t		len;
	int		ret;
};

extern const struct vo_edge vo_edges[18];

/* Somebody who uses a dma-buf */
struct vo_signal {
	struct delayed_work	work;
	struct dma_fence	*fence;
};

/* vma_owner_mock.c */
int vo_tick(void);
bool vo_alive_is(struct vma_owner_mock *obj, int n);
struct vma_owner_mock *vo_obj_alloc(struct kunit *test, unsigned int what);
int vo_held(struct vma_owner_mock *obj);
bool vo_obj_dies(struct vma_owner_mock *obj);
void vo_put(void *data);
struct vma_owner_revoke *vo_revocable(void *data);
extern const struct vm_operations_struct vo_vm_ops_without_owner;
extern const struct vm_operations_struct vo_vm_ops_cached;
extern const struct vm_operations_struct vo_vm_ops_generic;
void vo_obj_unregister(struct vma_owner_mock *obj);
void vo_obj_close(struct vma_owner_mock *obj);
void vo_obj_free(struct vma_owner_mock *obj);
int vo_buf_mmap(struct dma_buf *dmabuf, struct vm_area_struct *vma);
struct dma_buf *vo_get_dmabuf(void *data);
struct dma_buf *vo_get_dmabuf_no_vmap(void *data);
enum vma_owner_sync vo_sync(void *data);
void vo_move(struct vma_owner_mock *obj, int map_err);
extern const struct dma_buf_ops vo_buf_ops;
struct dma_buf *vo_export_size(struct vma_owner_mock *obj,
			       const struct dma_buf_ops *ops, size_t size);

/* vma_owner_suite.c */
struct vma_owner_mock *vo_obj(struct vo *vo);
struct vma_owner_mock *vo_obj_revocable(struct vo *vo);
struct vma_owner_mock *vo_obj_dmabuf(struct vo *vo);
struct vma_owner_mock *vo_obj_generic_size(struct vo *vo, size_t size);
struct vma_owner_mock *vo_obj_generic(struct vo *vo);

/* vma_owner_importer.c */
unsigned long vo_area(struct vo *vo, unsigned int pages);
void vo_mmap_at(struct vo *vo, struct file *file, unsigned long addr,
		unsigned int first, unsigned int pages,
		unsigned long prot, unsigned long flags);
void vo_map_at(struct vma_owner_mock *obj, unsigned long addr,
	       unsigned int first, unsigned int pages);
unsigned long vo_map_prot(struct vma_owner_mock *obj, unsigned long prot,
			  unsigned long flags);
unsigned long vo_map(struct vma_owner_mock *obj);
void vo_anon_at(struct vo *vo, unsigned long addr, unsigned int pages,
		unsigned long prot);
unsigned long vo_anon(struct vo *vo, unsigned int pages);
void vo_unmap(struct vo *vo, unsigned long addr, unsigned int pages);
bool vo_touch(unsigned long addr);
u32 vo_peek(struct vo *vo, unsigned long addr);
void vo_poke(struct vo *vo, unsigned long addr, u32 v);
void *vo_kmap(struct vma_pin *pin);
const struct vma_owner_extents *vo_take_extents(struct vma_pin *pin);
void vo_drop_extents(struct vma_pin *pin);
int vo_imp_map(struct vo_imp *imp);
void vo_imp_unmap(struct vo_imp *imp);
bool vo_is_mapped(struct vo_imp *imp);
struct vo_imp *vo_imp(struct vo *vo, enum vo_kind kind);
struct device *vo_device(struct vo *vo, const char *name);
struct vo_imp *vo_imp_dev(struct vo *vo, enum vo_kind kind);
int vo_pin_flags(struct vo_imp *imp, unsigned long addr, size_t len,
		 unsigned int flags);
int vo_pin(struct vo_imp *imp, unsigned long addr, size_t len);
ssize_t vo_prefix(struct vo_imp *imp, unsigned long addr, size_t len);
struct vo_imp *vo_pinned(struct vma_owner_mock *obj, enum vo_kind kind);
struct vo_imp *vo_pinned_dev(struct vma_owner_mock *obj, enum vo_kind kind);
void vo_expect_refused(struct vo_imp *imp, int ret, int want);
void vo_expect_whole(struct vo_imp *imp, struct vma_owner_mock *obj);
void vo_expect_dma(struct vo_imp *imp, struct sg_table *sgt,
		   struct page **pages, u64 off, u64 len);
void vo_expect_extents(struct vo_imp *imp, struct vma_owner_mock *obj, u64 off,
		       u64 len);
void vo_revoker_work(struct work_struct *work);
struct vo_revoker *vo_revoker_start(struct vma_owner_mock *obj,
				    enum vma_owner_loss how);
bool vo_within(struct completion *c, unsigned long timeout);
void vo_signal_later(struct vma_owner_mock *obj, struct vo_signal *s,
		     enum dma_resv_usage usage, unsigned long delay);
void vo_signal_now(struct vo_signal *s);
void vo_signal_end(struct vo_signal *s);
unsigned int vo_logged(const char *text);

/* The cases, each table with an empty one at its end */
extern struct kunit_case vo_pin_cases[],
	vo_map_cases[],
	vo_revoke_cases[],
	vo_lock_cases[],
	vo_visible_cases[],
	vo_sync_cases[],
	vo_handover_cases[], vo_edge_cases[];

/* vma_owner_map_kunit.c */
int vo_mmap_dmabuf(struct file *file, struct vm_area_struct *vma);

#endif
