// SPDX-License-Identifier: GPL-2.0
/*
 * Sample importer: a character device that takes user addresses, pins the
 * memory behind them, and maps it for a device and for the kernel.
 * Documentation/mm/vma_owner.rst quotes it.
 *
 *	insmod vma_owner_importer.ko [dma_bits=]
 *
 * The device is a platform device of its own that never transfers anything;
 * the kernel mapping is read and written. Pins belong to an open file and end
 * with it.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vma_owner.h>
#include <linux/xarray.h>

#include "vma_owner_sample.h"

#define MAX_COPY	SZ_1M

static unsigned int dma_bits = 64;
module_param(dma_bits, uint, 0444);
MODULE_PARM_DESC(dma_bits, "address bits of the importing device");

static struct platform_device *importer_device;

/* doc: structures */
/**
 * struct importer - one open file
 * @lock: outer lock, serialises the ioctls
 * @bufs: the pins, by id
 */
struct importer {
	struct mutex lock;	/* outer: the ioctls, one at a time */
	struct xarray bufs;
};

/**
 * struct importer_buf - one pin
 * @pin: the pin
 * @dir: of DMA, as the pin allows
 * @wanted: mappings that user space asked for
 * @state: VMA_SAMPLE_HELD, or why the owner has said stop
 * @invalidated: calls of invalidate
 * @restored: calls of restore that mapped
 *
 * All but @pin and @dir is written under the lock of the pin.
 */
struct importer_buf {
	struct vma_pin pin;
	enum dma_data_direction dir;
	u32 wanted;
	u32 state;
	u32 invalidated;
	u32 restored;
};

/* doc: end */

/* ---- mapping, under the lock of the pin ---- */

/* doc: map */
/* Maps what is wanted and not there, and would start a device. */
static int importer_map(struct importer_buf *buf)
{
	struct vma_pin *pin = &buf->pin;
	struct sg_table *sgt;
	void *vaddr;

	if (buf->wanted & VMA_SAMPLE_DMA && !vma_pin_dma_table(pin)) {
		sgt = vma_pin_map_dma(pin, buf->dir);
		if (IS_ERR(sgt))
			return PTR_ERR(sgt);
	}
	if (buf->wanted & VMA_SAMPLE_KERNEL && !vma_pin_vaddr(pin)) {
		vaddr = vma_pin_vmap(pin, buf->dir == DMA_TO_DEVICE ?
					  DMA_FROM_DEVICE : DMA_BIDIRECTIONAL);
		if (IS_ERR(vaddr))
			return PTR_ERR(vaddr);
	}
	buf->state = VMA_SAMPLE_HELD;
	return 0;
}

static void importer_unmap(struct importer_buf *buf)
{
	if (!(buf->wanted & VMA_SAMPLE_DMA))
		vma_pin_unmap_dma(&buf->pin);
	if (!(buf->wanted & VMA_SAMPLE_KERNEL))
		vma_pin_vunmap(&buf->pin);
}

/* doc: end */

static const u32 importer_states[] = {
	[VMA_OWNER_MOVED]	= VMA_SAMPLE_MOVED,
	[VMA_OWNER_TEMPORARY]	= VMA_SAMPLE_REVOKED,
	[VMA_OWNER_PERMANENT]	= VMA_SAMPLE_GONE,
};

/* doc: callbacks */
/* A real importer stops its device here. The core undoes the mappings. */
static void importer_invalidate(struct vma_pin *pin, enum vma_owner_loss why)
{
	struct importer_buf *buf = container_of(pin, struct importer_buf, pin);

	buf->state = importer_states[why];
	buf->invalidated++;
}

static int importer_restore(struct vma_pin *pin)
{
	struct importer_buf *buf = container_of(pin, struct importer_buf, pin);
	int ret = importer_map(buf);

	if (!ret)
		buf->restored++;
	return ret;
}

static const struct vma_pin_client importer_client = {
	.name		= KBUILD_MODNAME,
	.invalidate	= importer_invalidate,
	.restore	= importer_restore,
};

static const struct vma_pin_client importer_static_client = {
	.name		= KBUILD_MODNAME "-static",
};

/* doc: end */

/* ---- ioctls, all under the outer lock ---- */

/* doc: pin */
/*
 * All of @buf that the callbacks use is ready before the pin is made. Ordinary
 * memory is not charged here, and so the device node is for root alone.
 */
static struct importer_buf *importer_pin(const struct vma_sample_pin *arg)
{
	const struct vma_pin_client *client = &importer_client;
	unsigned int flags = 0;
	struct importer_buf *buf;
	int ret;

	buf = kzalloc_obj(*buf);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->dir = DMA_TO_DEVICE;
	if (arg->flags & VMA_SAMPLE_FOR_WRITE) {
		buf->dir = DMA_BIDIRECTIONAL;
		flags = VMA_PIN_WRITE;
	}
	if (arg->flags & VMA_SAMPLE_STATIC)
		client = &importer_static_client;
	ret = vma_pin_user(&buf->pin, arg->addr, arg->len, flags, client);
	if (!ret)
		return buf;
	kfree(buf);
	return ERR_PTR(ret);
}

/* Undoes the mappings as well. No callback comes once vma_unpin() is back. */
static void importer_unpin(struct importer_buf *buf)
{
	vma_unpin(&buf->pin);
	kfree(buf);
}

/* doc: end */

static int ioctl_pin(struct importer *imp, void *data)
{
	struct vma_sample_pin *arg = data;
	struct importer_buf *buf;
	int ret;

	if (arg->flags & ~(VMA_SAMPLE_FOR_WRITE | VMA_SAMPLE_STATIC) ||
	    arg->addr != (unsigned long)arg->addr || arg->len != (size_t)arg->len)
		return -EINVAL;
	buf = importer_pin(arg);
	if (IS_ERR(buf))
		return PTR_ERR(buf);
	ret = xa_alloc(&imp->bufs, &arg->id, buf, XA_LIMIT(1, 1023), GFP_KERNEL);
	if (ret)
		importer_unpin(buf);
	return ret;
}

static int ioctl_unpin(struct importer *imp, void *data)
{
	struct importer_buf *buf = xa_erase(&imp->bufs, *(__u32 *)data);

	if (!buf)
		return -ENOENT;
	importer_unpin(buf);
	return 0;
}

/* doc: change */
static int importer_change(struct importer_buf *buf, u32 wanted)
{
	int ret = 0;

	if (wanted & VMA_SAMPLE_DMA)
		ret = vma_pin_attach(&buf->pin, &importer_device->dev);
	if (!ret)
		ret = vma_pin_lock(&buf->pin);
	if (ret)
		return ret;
	buf->wanted = wanted;
	importer_unmap(buf);
	ret = importer_map(buf);
	vma_pin_unlock(&buf->pin);
	return ret;
}

/* doc: end */

static int map_or_unmap(struct importer *imp, const struct vma_sample_map *arg,
			bool map)
{
	struct importer_buf *buf = xa_load(&imp->bufs, arg->id);

	if (!buf)
		return -ENOENT;
	if (arg->mappings & ~(VMA_SAMPLE_DMA | VMA_SAMPLE_KERNEL))
		return -EINVAL;
	return importer_change(buf, map ? buf->wanted | arg->mappings :
					  buf->wanted & ~arg->mappings);
}

static int ioctl_map(struct importer *imp, void *data)
{
	return map_or_unmap(imp, data, true);
}

static int ioctl_unmap(struct importer *imp, void *data)
{
	return map_or_unmap(imp, data, false);
}

/* doc: access */
static int importer_copy(struct importer_buf *buf, u64 offset, void *bounce,
			 size_t len, bool write)
{
	void *vaddr = vma_pin_vaddr(&buf->pin);

	if (!vaddr)
		return -ENODEV;
	if (write)
		memcpy(vaddr + offset, bounce, len);
	else
		memcpy(bounce, vaddr + offset, len);
	return 0;
}

/*
 * Without the lock: a revoke goes on meanwhile, and waits for the exit. So no
 * restore lets the device at the memory between the syncs.
 */
static int importer_access(struct importer_buf *buf, u64 offset, void *bounce,
			   size_t len, bool write)
{
	int ret, ret2;

	ret = importer_change(buf, buf->wanted);
	if (ret)
		return ret;
	if (!vma_pin_enter(&buf->pin))
		return -ENODEV;
	ret = vma_pin_sync_for_cpu(&buf->pin);
	if (!ret) {
		ret = importer_copy(buf, offset, bounce, len, write);
		ret2 = vma_pin_sync_for_device(&buf->pin);
		ret = ret ?: ret2;
	}
	vma_pin_exit(&buf->pin);
	return ret;
}

/* doc: end */

static int read_or_write(struct importer *imp, const struct vma_sample_copy *arg,
			 bool write)
{
	struct importer_buf *buf = xa_load(&imp->bufs, arg->id);
	void __user *user = u64_to_user_ptr(arg->user);
	void *bounce;
	int ret = 0;

	if (!buf)
		return -ENOENT;
	if (!(buf->wanted & VMA_SAMPLE_KERNEL))
		return -EINVAL;
	if (write && buf->dir == DMA_TO_DEVICE)
		return -EACCES;
	if (arg->len > MAX_COPY || arg->offset > buf->pin.len ||
	    arg->len > buf->pin.len - arg->offset)
		return -EINVAL;
	bounce = kvzalloc(arg->len, GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	if (write && copy_from_user(bounce, user, arg->len))
		ret = -EFAULT;
	if (!ret)
		ret = importer_access(buf, arg->offset, bounce, arg->len, write);
	if (!ret && !write && copy_to_user(user, bounce, arg->len))
		ret = -EFAULT;
	kvfree(bounce);
	return ret;
}

static int ioctl_read(struct importer *imp, void *data)
{
	return read_or_write(imp, data, false);
}

static int ioctl_write(struct importer *imp, void *data)
{
	return read_or_write(imp, data, true);
}

static int ioctl_report(struct importer *imp, void *data)
{
	struct vma_sample_report *arg = data;
	struct importer_buf *buf = xa_load(&imp->bufs, arg->id);
	struct sg_table *sgt;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	if (!buf)
		return -ENOENT;
	ret = vma_pin_lock(&buf->pin);
	if (ret)
		return ret;
	*arg = (struct vma_sample_report) {
		.owned		= vma_pin_is_owned(&buf->pin),
		.state		= buf->state,
		.invalidated	= buf->invalidated,
		.restored	= buf->restored,
	};
	if (vma_pin_vaddr(&buf->pin))
		arg->mappings |= VMA_SAMPLE_KERNEL;
	sgt = vma_pin_dma_table(&buf->pin);
	if (sgt) {
		arg->mappings |= VMA_SAMPLE_DMA;
		for_each_sgtable_dma_sg(sgt, sg, i) {
			arg->dma_count++;
			arg->dma_bytes += sg_dma_len(sg);
		}
	}
	vma_pin_unlock(&buf->pin);
	return 0;
}

static const struct importer_ioctl {
	unsigned int cmd;
	int (*run)(struct importer *imp, void *data);
} ioctls[] = {
	{ VMA_SAMPLE_IOC_PIN,		ioctl_pin },
	{ VMA_SAMPLE_IOC_UNPIN,		ioctl_unpin },
	{ VMA_SAMPLE_IOC_MAP,		ioctl_map },
	{ VMA_SAMPLE_IOC_UNMAP,		ioctl_unmap },
	{ VMA_SAMPLE_IOC_READ,		ioctl_read },
	{ VMA_SAMPLE_IOC_WRITE,		ioctl_write },
	{ VMA_SAMPLE_IOC_REPORT,	ioctl_report },
};

static const struct importer_ioctl *find_ioctl(unsigned int cmd)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ioctls); i++)
		if (ioctls[i].cmd == cmd)
			return &ioctls[i];
	return NULL;
}

static long importer_ioctl(struct file *file, unsigned int cmd,
			   unsigned long user)
{
	struct importer *imp = file->private_data;
	const struct importer_ioctl *call = find_ioctl(cmd);
	union {
		__u32 id;
		struct vma_sample_pin pin;
		struct vma_sample_map map;
		struct vma_sample_copy copy;
		struct vma_sample_report report;
	} data;
	int ret;

	if (!call)
		return -ENOTTY;
	if (copy_from_user(&data, (void __user *)user, _IOC_SIZE(cmd)))
		return -EFAULT;
	scoped_guard(mutex, &imp->lock)
		ret = call->run(imp, &data);
	if (!ret && _IOC_DIR(cmd) & _IOC_READ &&
	    copy_to_user((void __user *)user, &data, _IOC_SIZE(cmd)))
		ret = -EFAULT;
	return ret;
}

/* ---- the character device ---- */

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *imp;

	imp = kzalloc_obj(*imp);
	if (!imp)
		return -ENOMEM;
	mutex_init(&imp->lock);
	xa_init_flags(&imp->bufs, XA_FLAGS_ALLOC1);
	file->private_data = imp;
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *imp = file->private_data;
	struct importer_buf *buf;
	unsigned long id;

	xa_for_each(&imp->bufs, id, buf)
		importer_unpin(buf);
	xa_destroy(&imp->bufs);
	kfree(imp);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner		= THIS_MODULE,
	.open		= importer_open,
	.release	= importer_release,
	.unlocked_ioctl	= importer_ioctl,
	.compat_ioctl	= compat_ptr_ioctl,
};

static struct miscdevice importer_misc = {
	.minor		= MISC_DYNAMIC_MINOR,
	.name		= KBUILD_MODNAME,
	.fops		= &importer_fops,
	.mode		= 0600,
};

static int __init importer_init(void)
{
	const struct platform_device_info info = {
		.name = KBUILD_MODNAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(dma_bits),
	};
	int ret;

	if (!dma_bits || dma_bits > 64)
		return -EINVAL;
	importer_device = platform_device_register_full(&info);
	if (IS_ERR(importer_device))
		return PTR_ERR(importer_device);
	ret = misc_register(&importer_misc);
	if (ret)
		platform_device_unregister(importer_device);
	return ret;
}
module_init(importer_init);

/* The module count says that no file is open, and so that no pin is held. */
static void __exit importer_exit(void)
{
	misc_deregister(&importer_misc);
	platform_device_unregister(importer_device);
}
module_exit(importer_exit);

MODULE_DESCRIPTION("Sample importer of memory by user address");
MODULE_LICENSE("GPL");
