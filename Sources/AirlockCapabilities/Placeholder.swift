import Airlock
