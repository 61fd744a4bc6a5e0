import os
from urllib.parse import urlsplit

url = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {"default": {
    "ENGINE": "django.db.backends.postgresql",
    "NAME": url.path[1:], "USER": url.username, "PASSWORD": url.password or "", "HOST": url.hostname, "PORT": url.port,
}}
SECRET_KEY = "only for this test"
INSTALLED_APPS = ["django.contrib.contenttypes", "channels", "phones"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
