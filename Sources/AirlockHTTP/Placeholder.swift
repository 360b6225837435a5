import Airlock
import AsyncHTTPClient
