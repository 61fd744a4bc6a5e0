# No Gemfile: the gems are Debian's packages.
require 'pathname'
gem 'railties'
$LOAD_PATH.unshift File.expand_path('../test', __dir__)
