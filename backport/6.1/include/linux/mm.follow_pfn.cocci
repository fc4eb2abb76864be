/// Nobody reads pfns by address any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
@@
-int follow_pfn(...);
// </smpl>
