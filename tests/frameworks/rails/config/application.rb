require_relative 'boot'
require 'logger'
require 'rails'
require 'active_record/railtie'
require 'action_cable/engine'
require 'rails/test_unit/railtie'

module Phones
  class Application < Rails::Application
    config.load_defaults 6.1
    config.eager_load = false
    config.secret_key_base = 'only for this test'
    config.logger = ActiveSupport::Logger.new($stderr)
    config.log_level = :debug
    config.action_cable.disable_request_forgery_protection = true
  end
end
