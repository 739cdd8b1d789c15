"""The GitHub Action, as a program: `python -I -m tools.action`, with its inputs in the environment (see action.yml).

In a pull request the policy, its packs and its tables come from the base; what the request changes of them is told and
never obeyed. The comment and the summary never change the exit code, which is the scan's.
"""
