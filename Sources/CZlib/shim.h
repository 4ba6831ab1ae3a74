#if !__has_include(<zlib.h>)
#error "zlib.h not found: apt-get install zlib1g-dev"
#else
#include <zlib.h>
#endif
