/* thread.h: a small number for each thread, by which it finds a place of its own in an array. */
#ifndef VMR_RUNTIME_THREAD_H
#define VMR_RUNTIME_THREAD_H

extern _Thread_local unsigned vmr_thread_known_number __attribute__((tls_model("initial-exec")));

unsigned vmr_thread_take_number(void);

/* From 1 on, in the order of first asking; never given twice. */
static inline unsigned vmr_thread_number(void) {
  unsigned number = vmr_thread_known_number;
  return __builtin_expect(number != 0, 1) ? number : vmr_thread_take_number();
}

#endif
