# SPDX-License-Identifier: GPL-2.0
# What our own files name otherwise on 5.10, and where folders are
s,Documentation/mm\>,Documentation/vm,g
# those of an Intel IOMMU for devices that are not trusted name no limit, nor does dmabounce
s,^\(\t\treturn \)dma_max_mapping_size(dev) != SIZE_MAX;$,\1vma_compat_may_bounce(dev);,
s,^\t       \(dma_max_mapping_size(m->dev) != SIZE_MAX\);$,\t       (dma_has_own_ops(m->dev) ||\n\t\t\1);,
# any writer's fence is what a move's would be: by fd, nobody static waits for it
s,static importers had it waited for \*/$,static importers take it as by fd */,
# where a function of the compat header stands in for it
s,^#define dev_is_dma_coherent\t\tvo_dma_is_coherent$,#undef dev_is_dma_coherent\n&,
s,^#define is_swiotlb_active\t\tvo_swiotlb_active$,#undef is_swiotlb_active\n&,
s,^\tstruct kmsg_dump_iter iter;$,\tstruct kmsg_dumper iter = { .active = true };,
s,percpu_pagelist_high_fraction,percpu_pagelist_fraction,
s,^LOCAL_HDRS += frame.h memory.h observe.h ,&spare.h ,
s,EOVERFLOW is what pin_user_pages_fast() has always said,EFAULT is what user space has always been told,
s,^\tEXPECT_EQ(-EOVERFLOW\,$,\tEXPECT_EQ(-EFAULT\,,
