#if !__has_include(<yaml.h>)
#error "yaml.h not found: apt-get install libyaml-dev"
#else
#include <yaml.h>
#endif
