/// Nobody makes frame vectors any more.
// SPDX-License-Identifier: GPL-2.0
// Confidence: High
/// Expect: 1
// <smpl>
@@
@@
-#include <media/frame_vector.h>
// </smpl>
