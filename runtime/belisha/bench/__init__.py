"""The one timer: how long a detector takes from frame to boxes, and how sure that is.

frames -> closed loop, camera-paced -> distributions, stability -> Result -> JSON, table, HTML
       -> child process -> cold start, memory
"""
