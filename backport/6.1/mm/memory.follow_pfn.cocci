/// Nobody reads pfns by address any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
declarer name EXPORT_SYMBOL;
@@
-EXPORT_SYMBOL(follow_pfn);

@@
@@
-int follow_pfn(struct vm_area_struct *vma, unsigned long address,
-		unsigned long *pfn)
-{
-...
-}
// </smpl>
