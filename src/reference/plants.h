/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PLANT(ID, slug, laws that may find it, what is wrong).  Each stands for a bug that
 * Linux had or has, under the same name.
 */
PLANT(UNSIGNED_READ, "kvm-253y-nested", "signed",
      "a counter behind the snapshot is taken for one 2^64 ahead")
PLANT(NEGATIVE_TIME, "kvm-compute-guest-tsc-neg", "signed",
      "a negative time since the TSC's write is scaled as an unsigned one")
PLANT(STALE_UPSCALE, "kvm-sw-upscale-stale-ref", "exact",
      "a vCPU is caught up with the snapshot, not with now")
PLANT(CUT_KHZ, "kvm-scaled-khz-truncation", "rate agree",
      "a scaled guest's frequency is cut to kHz")
PLANT(GET_CLOCK_UNSCALED, "kvm-get-kvmclock-unscaled", "agree",
      "KVM_GET_CLOCK goes at the host's rate, the guest at its own, cut to kHz")
PLANT(EPOCH_UNSCALED, "kvm-wallclock-epoch-unscaled", "agree",
      "the wall clock's epoch goes at the host's rate, the guest at its own")
PLANT(STALE_RATIO, "kvm-set-tsc-khz-stale-ratio", "monotonic rate",
      "another frequency changes the ratio and keeps the offset")
PLANT(HOTPLUG_YANK, "kvm-hotplug-masterclock-yank", "monotonic rate",
      "a new vCPU re-bases the clock on the host's rate")
PLANT(SHARED_INFO_YANK, "kvm-xen-shinfo-yank", "monotonic rate",
      "Xen's shared info page re-bases the clock on the host's rate")
PLANT(SET_CLOCK_YANK, "kvm-post-setclock-yank", "monotonic rate",
      "a request from before KVM_SET_CLOCK re-bases the clock after it")
PLANT(ZERO_KHZ_LOOP, "kvm-zero-tsc-khz-loop", "total",
      "the pair of a frequency that is cut to 0 kHz is sought for ever")
PLANT(EARLY_KHZ, "kvm-boot-khz-snapshot", "exact",
      "the frequency from before it was refined is kept")
PLANT(ZERO_WRITE, "kvm-tsc-zero-write-dropped", "roundtrip",
      "a host's write of 0 to the TSC is dropped")
PLANT(PAGE_TOUCHED, "kvm-hv-reenlightenment", "agree",
      "the page is changed under a guest that opted for re-enlightenment")
PLANT(BUSY_SLOT, "kvm-stimer-oneshot-livelock", "total",
      "a one-shot timer whose slot is busy is tried again at once, for ever")
PLANT(COUNTER_UNSCALED, "kvm-stimer-in-the-past", "agree deadline",
      "the reference counter goes at the host's rate, the guest at its own")
PLANT(XEN_TIMER_UNSCALED, "kvm-xen-timer-drift", "deadline",
      "Xen's timer goes by the host's rate, the guest by its own")
PLANT(HOST_CYCLES, "kvm-lapic-advance-units", "deadline",
      "guest cycles are taken for the host's")
PLANT(TMCCT_DIVIDE, "kvm-lapic-div0", "total",
      "TMCCT is read modulo a period of 0")
PLANT(RATIO_CACHE, "kvm-svm-ratio-cache", "agree",
      "a CPU's multiplier is written only when the vCPU's has changed")
PLANT(L1_MULTIPLIER, "kvm-nsvm-l1-multiplier", "agree",
      "L1 goes on with L2's multiplier")
PLANT(L2_OFFSET, "kvm-l2-offset-meaning", "exact",
      "L1's kvmclock is made with L2's offset while that runs")
PLANT(TWO_READS, "kvm-wallclock-two-reads", "agree",
      "realtime and kvmclock are read at two instants")
PLANT(GAP_SNAPSHOT, "kvm-vgettsc-gap-overflow", "exact",
      "the snapshot's cycles * mult has 64 bits")
PLANT(ONE_VCPU_SLEWED, "kvm-ntp-skew-per-vcpu", "exact",
      "one vCPU's base is brought to the host's time, the others' isn't")
PLANT(WARP, "kvm-backwards-warp", "monotonic rate",
      "each snapshot begins with the host's time, not where the old one has come to")
PLANT(ORIGIN, "kvm-masterclock-origin", "exact monotonic",
      "each vCPU's pair is made where and when it enters")
PLANT(NO_LAST_VALUE, "pvclock-no-last-value", "monotonic",
      "a clock that isn't stable may go back on another vCPU")
PLANT(SCHED_OFFSET, "kvmclock-sched-offset", "agree monotonic rate roundtrip",
      "without the page sched_clock() has no offset")
PLANT(SCHED_RESTORE, "xen-guest-sched-clock", "roundtrip",
      "sched_clock()'s offset isn't re-based after a hibernation")
PLANT(PAGE_SENTINEL, "hv-page-u64max-sentinel", "exact sequence",
      "the time 2^64 - 1 is taken for an invalid page")
PLANT(VDSO_SIGN, "vdso-sign-mask", "agree",
      "the vDSO takes a TSC with bit 63 for invalid")
PLANT(GAP_VDSO, "vdso-gap-overflow", "agree exact",
      "CLOCK_REALTIME's cycles * mult has 64 bits")
PLANT(GAP_TIMEKEEPING, "timekeeping-gap-overflow", "rate exact agree",
      "CLOCK_MONOTONIC's cycles * mult has 64 bits")
PLANT(GAP_TICK, "watchdog-suspend-overflow", "exact",
      "what a tick accumulates after a long suspend has 64 bits")
PLANT(LOST_FRACTION, "ntp-error-monotonic", "exact agree",
      "a tick drops the fraction of a ns")
PLANT(SCHED_208_DAYS, "cyc2ns-208d", "agree monotonic rate",
      "sched_clock() wraps after 2^54 ns")
PLANT(SCHED_SUSPEND, "tsc-suspend-sched-clock", "roundtrip",
      "with a valid page sched_clock()'s state isn't restored")
