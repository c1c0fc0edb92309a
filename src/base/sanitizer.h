/* sanitizer.h - is this program built with a sanitizer? Those look into the process itself, and make others. */
#ifndef PM_BASE_SANITIZER_H
#define PM_BASE_SANITIZER_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PM_UNDER_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PM_UNDER_SANITIZER 1
#endif

#endif
